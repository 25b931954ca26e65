"""C17: which job speaks for which key, when the same key comes again."""

from hypothesis import given
from hypothesis import strategies as st

from aws_executors.shell.airflow.current_tokens import CurrentTokens


def test_the_newest_token_speaks_and_the_older_one_is_not_heard() -> None:
    ledger: CurrentTokens[str] = CurrentTokens()
    ledger.enter("key", "segment 1")
    ledger.enter("key", "segment 2")
    assert not ledger.is_current("segment 1", "key")
    assert ledger.is_current("segment 2", "key")
    assert (ledger.token("key"), len(ledger)) == ("segment 2", 1)


def test_who_is_struck_out_speaks_no_more() -> None:
    ledger: CurrentTokens[str] = CurrentTokens()
    ledger.enter("key", "token")
    assert ledger.strike("key") == "token"
    assert not ledger.is_current("token", "key")
    assert (ledger.strike("key"), ledger.token("key"), len(ledger)) == (None, None, 0)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc"), st.sampled_from("12345"))))
def test_at_most_one_token_speaks_for_a_key_and_it_is_the_last(moves: list[tuple[bool, str, str]]) -> None:
    ledger: CurrentTokens[str] = CurrentTokens()
    last: dict[str, str] = {}
    for enters, key, token in moves:
        if enters:
            ledger.enter(key, token)
            last[key] = token
        else:
            assert ledger.strike(key) == last.pop(key, None)
        for each in "abc":
            assert [one for one in "12345" if ledger.is_current(one, each)] == [
                token for token in [last.get(each)] if token is not None
            ]
    assert len(ledger) == len(last)
