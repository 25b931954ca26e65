"""No secret is shown, wherever a text quotes it; everything else is; and a text takes as long as it is."""

import json
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.redact.outgoing import one_line
from aws_executors.core.redact.text import mask
from aws_executors.core.redact.values import hidden, secrets_in, sensitive, without
from support.tape import Tape, either, few, joined, mapped, of, read

if TYPE_CHECKING:
    from _typeshed import TraceFunction

HOSTILE = (
    "\\",
    "eyJ",
    "eyJa.",
    '"token": ',
    'token\\\\"',
    "'",
    "\"'",
    '\\"',
    "a\\",
    "a=",
    "a: ",
    "a ",
    "://",
    "://a:",
    "-----BEGIN ",
    "input_value=",
    "value='",
    '"value": "x',
    'value: \\"',
    "password=",
    "password={",
    "password=[",
    "password: \\",
    "('token', ",
    "--password ",
    "bearer ",
    "AKIA",
    "xoxb-",
    "\x1b[",
    "\x1b]",
    "\x9b",
    "\n",
    " \t",
    "<a ",
    "<token>x",
    "&lt;a&gt;x",
    "mysql ",
    "mysql -p",
    " -p",
    'mysql", "-p',
    "mysql -p\\",
    "mysql -p'",
    "sshpass -p ",
    "curl -u ",
    "curl -u a:",
    "curl;",
    "curl; ",
    "curl &",
    " -u \\",
    "token%3D",
    "%22",
    "token%22%3A",
    "token\n",
    'token" ',
    "sk-ant-a",
    "-----END PRIVATE KEY",
    "\n-----END PRIVATE KEY",
    "\\n-----END PRIVATE KEY",
    f"{'A' * 64}\n",
    "A\n-----END PRIVATE KEY",
    "\\\n-----END PRIVATE KEY",
    "password: |\n",
    "password: |\n ",
    "password: |\n  \n",
    "--password\n",
    "--password\n- ",
    "Cookie: ",
    "Cookie: a=",
    "dbPassword: a b:",
    '"https://a/token": b ',
    'exec: "token": b ',
    '://token": ',
    "/etc/passwd: ",
    "password: |#",
    "ENV ",
    "ENV\t",
    "ENV TOKEN ",
    "\\nENV TOKEN ",
    "ENV TOKEN a",
    "machine ",
    "machine a login ",
    "machine a login b ",
    "machine a\\nlogin b\\n",
    "machine\n\\",
    "default login a account b\n",
    "setx ",
    "setx /M ",
    "setx TOKEN ",
    "machine a.b password ",
    "machine a.",
    '""token"": ',
    '""token"": ""',
    '""token"": ""a\\',
    '["token"]: ',
    "${token} = ",
    "set TOKEN=a b",
    "\nset TOKEN=",
    'set "TOKEN=',
    'set "TOKEN=a',
    'set \\"TOKEN=a',
    'token="""',
    "token='''\n",
    "token='''\\",
    "token=`",
    "token=`a",
    "token=<<A\n",
    "token=<<A\n\\",
    "token=<<A\n\n ",
    "token=$(cat <<",
    "token=<<A",
    'password"]',
    'password"] =',
    "password] ",
    "password :",
    "password:str ",
    "password == ",
    "password ==",
)
"""What a pattern that goes back over its text takes hours for, said a hundred thousand times."""


@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hostile_text_takes_as_long_as_it_is_and_no_longer(shape: str) -> None:
    """A tenth of a second or so, of the processor's time; what is quadratic would take half a minute."""
    text = shape * (100_000 // len(shape))
    began = time.process_time()
    mask(text)
    mask(f'{{"token": "{text}')
    assert time.process_time() - began < 10


def test_passwords_within_one_that_does_not_end_are_not_looked_for() -> None:
    text = "curl" + "".join(" -u " + "\\" * k + '"a:b' for k in range(300, 901)) + "x " * 300_000
    began = time.process_time()
    mask(text)
    assert time.process_time() - began < 5


def test_a_name_in_a_wide_line_is_not_looked_for_from_the_beginning_of_the_text() -> None:
    text = ("x" * 201 + " password: |\n") * 12_000
    began = time.process_time()
    mask(text)
    assert time.process_time() - began < 5


@pytest.mark.parametrize("shape", HOSTILE)
def test_what_leaves_is_cut_before_it_is_looked_at(shape: str) -> None:
    text = shape * (20_000_000 // len(shape))
    began = time.process_time()
    assert len(one_line(text).encode()) <= 2_048
    assert time.process_time() - began < 5


def steps(call: Callable[[], object]) -> int:
    """How many lines of Python a call takes."""
    taken = 0

    def count(frame: FrameType, event: str, arg: object) -> "TraceFunction":
        nonlocal taken
        taken += 1
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        call()
    finally:
        sys.settrace(before)
    return taken


KEY_LINE = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
KEY_END = "-----END PRIVATE KEY-----"
KEY = f"{KEY_LINE}\n{KEY_LINE}\n{KEY_LINE}\nabcDEF12==\n"


@pytest.mark.parametrize(
    "shape",
    [
        KEY_END,
        f"\n{KEY_END}",
        f"\\n{KEY_END}",
        f"{KEY_LINE}\n",
        f"{KEY_LINE}\n{KEY_END}",
        f"A\n{KEY_END}",
        f"{KEY}{KEY_END}\n",
        "A\n",
        "\\n",
        " \n",
        "password: |\n",
        "password: |\n\n",
        "  password: |\n    x\n",
        "--password\n",
        "Cookie: a=",
        'token="""\n',
        "token='''a\n",
        "token=<<A\n",
        "token=<<A\nb\nA\n",
        "ENV TOKEN a\n",
        "machine a\nlogin b\n",
        "machine a\nlogin b\npassword c\n",
        'set "token=a\n',
        "set token=a b\n",
        '""token"": ""a\n',
    ],
)
def test_lines_are_looked_at_once_however_many_ends_there_are(shape: str) -> None:
    """Twice the text takes twice the steps, and what one step looks at is bounded."""
    once, twice = shape * 200, shape * 400
    for end in ("", KEY_END):
        assert steps(lambda: mask(twice + end)) <= 2.2 * steps(lambda: mask(once + end)) + 500  # noqa: B023


def test_what_is_looked_at_before_the_end_of_a_key_is_bounded() -> None:
    """A line has at most 128 signs and a break 48: more is not read, though all of it is base64."""
    text = "A" * 1_000_000 + f"\n{KEY_END}"
    assert mask(text) == text


NAMES = (
    "AIRFLOW_CONN_WAREHOUSE",
    "AIRFLOW__CORE__FERNET_KEY",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AccountKey",
    "CELERY_BROKER_URL",
    "CONNECTION_STRING",
    "DATABASE_URL",
    "DB_PASS",
    "DB_PWD",
    "ENCRYPTION_KEY",
    "FERNET_KEY",
    "GH_PAT_TOKEN",
    "JDBC_CONNECTION",
    "MONGODB_URI",
    "PGPASS",
    "PGPASSWORD",
    "REDISCLI_AUTH",
    "SASL_JAAS_CONFIG",
    "SENTRY_DSN",
    "SIGNING_KEY",
    "SLACK_WEBHOOK_URL",
    "SSH_KEY",
    "STRIPE_KEY",
    "X-Api-Key",
    "clientSecret",
    "dbPassword",
    "sasl.password",
)
OPEN = (
    "AWS_REGION",
    "CACHE_KEY",
    "COMPASS",
    "HOME",
    "PARTITION_KEY",
    "PWD",
    "STAGE",
    "URL",
    "author",
    "clientToken",
    "key",
    "monkey",
    "nextToken",
    "token_lifetime",
    "workload_kms_key",
)


@pytest.mark.parametrize("name", NAMES)
def test_names_that_people_use(name: str) -> None:
    assert sensitive(name)


@pytest.mark.parametrize("name", OPEN)
def test_names_of_what_is_no_secret(name: str) -> None:
    assert not sensitive(name)


QUOTES: tuple[Callable[[str], str], ...] = (json.dumps, repr, str)
SECRETS = either(
    joined(of("z"), mapped("".join, few(of(*"abcXYZ019_-./+%$"), 8, 24)), of("z")),
    joined(of("zz"), mapped("".join, few(of(*"ab\"\\' {}"), 1, 12)), of("zz")),
)


def told(tape: Tape) -> tuple[str, str]:
    """A secret, and a text that has it."""
    name, secret = tape.pick(NAMES), SECRETS(tape)
    shape = tape.pick([{name: secret}, [{"name": name, "value": secret}], [{"value": secret, "name": name}]])
    text = tape.pick([json.dumps(shape), repr(shape), repr(((name, secret),))])
    for quote in few(of(*QUOTES))(tape):
        text = quote(text)
    return secret, text


@given(read(told, 36))
def test_a_value_of_such_a_name_however_it_is_quoted(drawn: tuple[str, str]) -> None:
    secret, text = drawn
    for form in (secret, json.dumps(secret)[1:-1], repr(secret)[1:-1]):
        assert form not in mask(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("DB_PWD=abc,d;e run", "DB_PWD=*** run"),
        ("password: hunter2", "password: ***"),
        ("<SecretAccessKey>hunter2</SecretAccessKey>", "<SecretAccessKey>***</SecretAccessKey>"),
        ('<db:password type="x">hun ter\n2</db:password>', '<db:password type="x">***</db:password>'),
        ("&lt;SessionToken&gt;hunter2&lt;/SessionToken&gt;", "&lt;SessionToken&gt;***&lt;/SessionToken&gt;"),
        ("<RequestId>0f1e</RequestId>", "<RequestId>0f1e</RequestId>"),
        ("give <password> and <user>", "give <password> and <user>"),
        ("db_password: hunter2\nstage: test", "db_password: ***\nstage: test"),
        ("dbPassword: hunter2\nstage: test", "dbPassword: ***\nstage: test"),
        ("dbPassword: hunter2, stage: test", "dbPassword: ***, stage: test"),
        ('dbPassword: "hun ter2" is', 'dbPassword: "***" is'),
        ('"dbPassword: hunter2"', '"dbPassword: ***"'),
        ("spring.datasource.password: hunter2", "spring.datasource.password: ***"),
        (
            "- name: DB_PWD\n  value: hunter2\n- name: A\n  value: b",
            "- name: DB_PWD\n  value: ***\n- name: A\n  value: b",
        ),
        ('<property name="password" value="hunter2"/>', '<property name="password" value="***"/>'),
        ("/login?next=%2Fa%3Ftoken%3Dhunter2", "/login?next=%2Fa%3Ftoken%3D***"),
        ("/a?conf=%7B%22password%22%3A%22hunter2", "/a?conf=%7B%22password%22%3A***"),
        (f"dapi{'0af' * 10}12 is gone", "*** is gone"),
        (f"Incorrect API key provided: sk-proj-{'aB3_' * 9}.", "Incorrect API key provided: ***."),
        ("Authorization:Basic dXNlcjpwYXNz", "Authorization:Basic ***"),
        ("Bearer 0123456789abcdef was refused", "Bearer *** was refused"),
        ("run --db-password hunter2 --x 1", "run --db-password *** --x 1"),
        ("['--token', 'hunter2', '--x']", "['--token', '***', '--x']"),
        ("\\npwd=abc", "\\npwd=***"),
        ("call(password='a', x=1)", "call(password='***', x=1)"),
        ("b'x' password=b'a'", "b'x' password=b'***'"),
        ("Server=db;Password=a b;Database=x", "Server=db;Password=***;Database=x"),
        ("postgresql+psycopg2://etl:p/w@db:5432/x", "postgresql+psycopg2://***@db:5432/x"),
        ("amqp://u:p@a:1,amqp://u:p@b:2/", "amqp://***@b:2/"),
        ("https://hooks.slack.com/services/T0/B0/abc", "https://hooks.slack.com/***"),
        ("https://s3/x?X-Amz-Date=1&X-Amz-Signature=abc", "https://s3/x?X-Amz-Date=1&X-Amz-Signature=***"),
        ("AKIAIOSFODNN7EXAMPLE is gone", "*** is gone"),
        ("ghp_0123456789abcdefghij", "***"),
        ("dckr_pat_0123456789abcdefghij-AbC", "***"),
        ("[type=int, input_value='hunter2', input_type=str]", "[type=int, input_value=***, input_type=str]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMII", "-----BEGIN RSA PRIVATE KEY-----***"),
        (f"{KEY}{KEY_END}", f"***\n{KEY_END}"),
        (f"{KEY[20:]}{KEY_END}\nbye", f"***\n{KEY_END}\nbye"),
        (f"the end of a key\n{KEY}{KEY_END}", f"the end of a key\n***\n{KEY_END}"),
        (f"word\n\n{KEY}{KEY_END}", f"word\n\n***\n{KEY_END}"),
        (f"{KEY}{KEY_END}\n{KEY}{KEY_END}", f"***\n{KEY_END}\n***\n{KEY_END}"),
        ((KEY + KEY_END).replace("\n", "\r\n"), f"***\r\n{KEY_END}"),
        ((KEY + KEY_END).replace("\n", "\n    "), f"***\n    {KEY_END}"),
        ((KEY + KEY_END).replace("\n", "\\n"), f"***\\n{KEY_END}"),
        ((KEY[9:] + KEY_END).replace("\n", "\\\\n"), f"***\\\\n{KEY_END}"),
        (f'{{"k": "{KEY}{KEY_END}'.replace("\n", "\\n"), f'{{"k": "***\\n{KEY_END}'),
        ("password: |\n  hun\n\n  ter2\nstage: test", "password: |\n  ***\nstage: test"),
        ("a:\n  token: >-  # here\n    hunter2\n  b: 1", "a:\n  token: >-  # here\n    ***\n  b: 1"),
        ("- apiKey: |2\n     hunter2\n- b: 1", "- apiKey: |2\n     ***\n- b: 1"),
        ("Cookie: theme=dark; session=hunter2\nHost: x", "Cookie: ***\nHost: x"),
        ("< Set-Cookie: sid=hunter2; Path=/; HttpOnly", "< Set-Cookie: ***"),
        ("-H 'Cookie: a=b; c=hunter2' https://x", "-H 'Cookie: ***' https://x"),
        ("- --password\n- hunter2\n- --stage\n- test", "- --password\n- ***\n- --stage\n- test"),
        ("- '--password'\n- 'hunter2'", "- '--password'\n- '***'"),
        ("--password\nhunter2\n--stage\ntest", "--password\n***\n--stage\ntest"),
        ("dbPassword: hunter2 stage: test", "dbPassword: *** stage: test"),
        ('{"password": 12345}', '{"password": ***}'),
        ("SecretStr('**********')", "SecretStr('**********')"),
        ('{"https://a.example.com/token": "hunter2"}', '{"https://a.example.com/token": "***"}'),
        ('{"prod/db/password": "hunter2"}', '{"prod/db/password": "***"}'),
        ("prod/db/password: hunter2", "prod/db/password: ***"),
        ('exec: "token": "hunter2"', 'exec: "token": "***"'),
        ('"https://a.example.com/token": hunter2hunter2', '"https://a.example.com/token": ***'),
        ('exec: "token": hunter2hunter2, b', 'exec: "token": ***, b'),
        ("/etc/passwd: hunter2hunter2", "/etc/passwd: ***"),
        ('"https://a.example.com/token": ["hunter2"]', '"https://a.example.com/token": [***]'),
        ('exec: "token": token hunter2hunter2', 'exec: "token": token ***'),
        ('{"a": "https://b/", "token": hunter2}', '{"a": "https://b/", "token": ***}'),
        ('password := "hun ter2"', 'password := "***"'),
        ("db_password := hunter2", "db_password := ***"),
        ("TOKEN:=hunter2", "TOKEN:=***"),
        ("DB_PASSWORD ?= hunter2", "DB_PASSWORD ?= ***"),
        ('token += "hun ter2"', 'token += "***"'),
        ("token===hunter2", "token=***"),
        ("if token == 'hun ter2':", "if token == '***':"),
        ('if (token === "hun ter2") {', 'if (token === "***") {'),
        ('password: str = "hun ter2"', 'password: str = "***"'),
        ("const apiKey: string = 'hun ter2';", "const apiKey: string = '***';"),
        ('os.environ["DB_PASSWORD"] = "hun ter2"', 'os.environ["DB_PASSWORD"] = "***"'),
        ("os.environ['DB_PASSWORD']='hun ter2'", "os.environ['DB_PASSWORD']='***'"),
        ('["sh", "-c", "e[\\"TOKEN\\"] = \\"hun ter\\""]', '["sh", "-c", "e[\\"TOKEN\\"] = \\"***\\""]'),
        (
            'ENV["DB_PASSWORD"] ||= "a"; ENV["TOKEN"] = "b"',
            'ENV["DB_PASSWORD"] ||= "a"; ENV["TOKEN"] = "***"',
        ),
        ('os.putenv("DB_PASSWORD", "hun ter2")', 'os.putenv("DB_PASSWORD", "***")'),
        ("os.environ.setdefault('TOKEN', 'hun ter2')", "os.environ.setdefault('TOKEN', '***')"),
        ('process.env.DB_PASSWORD = "hun ter2"', 'process.env.DB_PASSWORD = "***"'),
        ("process.env['TOKEN'] = 'hun ter2';", "process.env['TOKEN'] = '***';"),
        ("user[password]=hunter2&user[name]=a", "user[password]=***"),
        ('$env:DB_PASSWORD = "hun ter2"', '$env:DB_PASSWORD = "***"'),
        ("PASSWORD = '''hun ter2''' x", "PASSWORD = '''***''' x"),
        ('token: """hun "t" er2"""', 'token: """hun "t" er2"""'),
        ('db_password: """hun "t" er2"""', 'db_password: """***"""'),
        ('TOKEN = """\nhun\nter2\n"""\nSTAGE = 1', 'TOKEN = """***"""\nSTAGE = 1'),
        ('TOKEN = r"""hun\\"""ter2""", 1', 'TOKEN = r"""***""", 1'),
        ('e["TOKEN"] = f"""\nhun"""', 'e["TOKEN"] = f"""***"""'),
        ('["-c", "TOKEN=\\"\\"\\"\\nhun \'t\'\\n\\"\\"\\""]', '["-c", "TOKEN=\\"\\"\\"***\\"\\"\\""]'),
        ('TOKEN = """hun "t" er2\nSyntaxError: no end', 'TOKEN = """***\nSyntaxError: no end'),
        ('TOKEN = """\nSyntaxError: no end', 'TOKEN = """***\nSyntaxError: no end'),
        ("password := `hun ter2`", "password := `***`"),
        ("const token = `hun ter2`;", "const token = `***`;"),
        ("TOKEN=`cat /run/token` run", "TOKEN=`***` run"),
        ("TOKEN=$(cat <<EOF\nhun\nter2\nEOF\n)\nx", "TOKEN=$(cat <<EOF\n***\nEOF\n)\nx"),
        ("TOKEN=\"$(cat <<-'END'\n\thunter2\n\tEND\n)\"", "TOKEN=\"$(cat <<-'END'\n***\n\tEND\n)\""),
        ('["TOKEN=$(cat <<\\"EOF\\"\\nhun\\nEOF\\n)"]', '["TOKEN=$(cat <<\\"EOF\\"\\n***\\nEOF\\n)"]'),
        ("password = <<EOT\n  hunter2\nEOT\nstage = 1", "password = <<EOT\n***\nEOT\nstage = 1"),
        ("docker login --password-stdin <<EOF\nhun\nEOF", "docker login --password-stdin <<EOF\n***\nEOF"),
        ("docker login --password-stdin <<< hunter2", "docker login --password-stdin <<< ***"),
        ("TOKEN=$(echo hunter2 | base64)", "TOKEN=$(echo *** | base64)"),
        ("FROM a\nENV DB_PASSWORD hunter2\nRUN b", "FROM a\nENV DB_PASSWORD ***\nRUN b"),
        ('{"by": "ENV TOKEN hunter2\\nRUN b"}', '{"by": "ENV TOKEN ***\\nRUN b"}'),
        ("Step 3/9 : ENV DB_PASSWORD hunter2", "Step 3/9 : ENV DB_PASSWORD ***"),
        ("#5 [2/3] ENV TOKEN 'hun ter2'", "#5 [2/3] ENV TOKEN '***'"),
        ('{"by": "/bin/sh -c #(nop)  ENV TOKEN hunter2"}', '{"by": "/bin/sh -c #(nop)  ENV TOKEN ***"}'),
        ("ARG DB_PASSWORD hunter2", "ARG DB_PASSWORD ***"),
        ("ARG DB_PASSWORD=hunter2", "ARG DB_PASSWORD=***"),
        ("machine a.b login etl password hunter2", "machine a.b login etl password ***"),
        (
            "machine a\n  login b\n  password hun\nmachine c",
            "machine a\n  login b\n  password ***\nmachine c",
        ),
        ("default login a account b password hunter2", "default login a account b password ***"),
        (
            "printf 'machine a\\nlogin b\\npassword hunter2\\n' > .netrc",
            "printf 'machine a\\nlogin b\\npassword ***\\n' > .netrc",
        ),
        (
            "cat <<EOF > .netrc\nmachine a login b password hunter2\nEOF",
            "cat <<EOF > .netrc\nmachine a login b password ***\nEOF",
        ),
        ("machine a login b password wrong-horse", "machine a login b password ***"),
        ("run --password failed", "run --password ***"),
        ('ENV DB_PASSWORD = "hun ter2"', 'ENV DB_PASSWORD = "***"'),
        ("machine a.b password hunter2 login etl", "machine a.b password *** login etl"),
        ("machine a.b\n  password hunter2\n  login c", "machine a.b\n  password ***\n  login c"),
        ('${env:DB_PASSWORD} = "hun ter2"', '${env:DB_PASSWORD} = "***"'),
        ('{["password"]: "hun ter2"}', '{["password"]: "***"}'),
        ('"{""password"": ""hun ter2"", ""a"": ""b""}"', '"{""password"": ""***"", ""a"": ""b""}"'),
        (r'7,"{""token"":""hun\""ter2""}",x', '7,"{""token"":""***""}",x'),
        ('"{""password"": ""hunter2\nnext', '"{""password"": ""***\nnext'),
        ("set DB_PASSWORD=hun ter2\nnext", "set DB_PASSWORD=***\nnext"),
        ("C:\\> set DB_PASSWORD=hun ter2 & run.exe", "C:\\> set DB_PASSWORD=*** & run.exe"),
        ("@SET DB_PASSWORD=hun ter2", "@SET DB_PASSWORD=***"),
        ("Set DB_PASSWORD=hunter2 before you start", "Set DB_PASSWORD=*** before you start"),
        ("setx DB_PASSWORD hunter2 /M", "setx DB_PASSWORD *** /M"),
        ('setx /M DB_PASSWORD "hun ter2"', 'setx /M DB_PASSWORD "***"'),
        ("setenv DB_PASSWORD hunter2; run", "setenv DB_PASSWORD ***; run"),
        ("set DB_PASSWORD=hunter2", "set DB_PASSWORD=***"),
        ('set "DB_PASSWORD=hun ter2" & run', 'set "DB_PASSWORD=***" & run'),
        ('["cmd", "/c", "set \\"TOKEN=hun t\\" & b"]', '["cmd", "/c", "set \\"TOKEN=***\\" & b"]'),
        ("docker run -e 'DB_PASSWORD=hun ter2' a", "docker run -e 'DB_PASSWORD=***' a"),
        ("['-e', 'DB_PASSWORD=hun ter2', 'a']", "['-e', 'DB_PASSWORD=***', 'a']"),
    ],
)
def test_other_ways_to_quote_one(text: str, shown: str) -> None:
    assert mask(text) == shown
    assert mask(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("mysql -u root -phunter2 etl", "mysql -u root -p*** etl"),
        ("/usr/bin/mysqldump -phunter2 etl | gzip", "/usr/bin/mysqldump -p*** etl | gzip"),
        ("mariadb-dump -uroot -p'hun ter2' etl", "mariadb-dump -uroot -p'***' etl"),
        ('mysqladmin -u root "-phun ter2" ping', 'mysqladmin -u root "-p***" ping'),
        ("mysql \\\n  -phunter2 \\\n  etl", "mysql \\\n  -p*** \\\n  etl"),
        ("echo $(mysql -phunter2) > x", "echo $(mysql -p***) > x"),
        ("mysql -phunter2; mkdir -pa", "mysql -p***; mkdir -pa"),
        ("mysql -phunter2\nssh -p22 host", "mysql -p***\nssh -p22 host"),
        ("['mysql', '-u', 'root', '-phunter2', 'etl']", "['mysql', '-u', 'root', '-p***', 'etl']"),
        (
            '["mysql", "-e", "select 1; select 2", "-phun ter"]',
            '["mysql", "-e", "select 1; select 2", "-p***"]',
        ),
        ('["sh", "-c", "mysql -phunter2 etl"]', '["sh", "-c", "mysql -p*** etl"]'),
        ('["sh", "-c", "mysql -p\\"hun ter\\" etl"]', '["sh", "-c", "mysql -p\\"***\\" etl"]'),
        ('"[\\"mysql\\", \\"-phunter2\\"]"', '"[\\"mysql\\", \\"-p***\\"]"'),
        ("mysql -B -N -phunter2 -e 'select 1'", "mysql -B -N -p*** -e 'select 1'"),
        ('{"command": ["mysql", "-phunter2"], "name": "a"}', '{"command": ["mysql", "-p***"], "name": "a"}'),
        ("mysql.exe -phunter2 etl", "mysql.exe -p*** etl"),
        ("sshpass -phunter2 ssh -p22 host", "sshpass -p*** ssh -p22 host"),
        ("sshpass -p hunter2 ssh host", "sshpass -p *** ssh host"),
        ("['sshpass', '-p', 'hun ter2', 'ssh', '-p22']", "['sshpass', '-p', '***', 'ssh', '-p22']"),
        ("curl -u etl:hunter2 https://a", "curl -u etl:*** https://a"),
        ("curl -sS --user='etl:hun ter2' https://a", "curl -sS --user='etl:***' https://a"),
        ("['curl', '-u', 'etl:hun ter2', 'a']", "['curl', '-u', 'etl:***', 'a']"),
        ('["sh", "-c", "curl -u \\"etl:hun ter\\" a"]', '["sh", "-c", "curl -u \\"etl:***\\" a"]'),
        ('curl -u "a:b -u c:d hunter2" http://x', 'curl -u "a:***" http://x'),
        ("curl -u a:b https://x -uetl:hunter2", "curl -u a:*** https://x -uetl:***"),
        (
            "curl 'https://a?b=1&c=2' -H 'Accept: a/b; q=1' -u etl:hunter2",
            "curl 'https://a?b=1&c=2' -H 'Accept: a/b; q=1' -u etl:***",
        ),
    ],
)
def test_commands_with_a_password(text: str, shown: str) -> None:
    assert mask(text) == shown
    assert mask(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "mkdir -p /data && mkdir -pa/b",
        "ssh -p22 host; scp -p2222 a b",
        "docker run -p8080:80 mysql:8",
        "mysql -u root -p etl",
        "mysql -u root -p; mkdir -pa",
        '["mysql", "-p", "etl"]',
        '{"command": ["mysql", "etl"], "other": ["mkdir", "-pa"]}',
        '["sh", "-c", "mysql -p"], "-pa"',
        "psql -p5432 etl",
        "mysqlclient -pa",
        '{"name": "mysql", "command": ["mkdir", "-pv", "a"]}',
        "ContainerOverride(name='mysql', command=('mkdir', '-pv', 'a'))",
        "{'image': 'mysql', 'command': 'cp -pr a b'}",
        "not-mysql -pa",
        "curl a | docker run -u 1000:1000 b",
        "chown -u etl:users a",
        "curl: (22) The requested URL returned error: 404; docker run -u airflow:airflow apache/airflow",
        "curl https://a && docker run -u airflow:airflow apache/airflow",
        "curl https://a\ndocker run -u airflow:airflow apache/airflow",
        "['curl', 'https://a'], ['docker', 'run', '-u', 'airflow:airflow']",
        "curl https://a; python -u pkg/mod.py::test_a",
        "curl python -u pkg/mod.py::test_a",
        "curl psql -u https://x.example/path?x=1",
        "curl --url https://x --user https://idp/token",
        "curl --user-pool:foo",
        "curl -pa --proxy a",
    ],
)
def test_commands_without_one(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "credentials: ExpiredTokenException: The security token has expired.",
        "the machine account password was changed by its controller",
        'a {token} = {value}, or "{""a"": ""b"", ""password"": 3}"',
        "unable to pull secrets or registry auth: execution resource retrieval failed",
        "not authorized to perform: ecr:GetAuthorizationToken on resource: *",
        "arn:aws:secretsmanager:us-east-1:1:secret:db_password-AbCdEf:username::",
        "set [batch] token_lifetime = 3600, or AIRFLOW__BATCH__TOKEN_LIFETIME",
        "http://127.0.0.1:4566/a@b is not there",
        '{"prompt_tokens": 12, "total_tokens": 40}',
        '{"token": null, "secret": {"arn": "x"}}',
        "The Bearer token was refused",
        "botocore.errorfactory.ExpiredTokenException: The security token has expired",
        "arn%3Aaws%3Asecretsmanager%3Aus-east-1%3A1%3Asecret%3Adb_password",
        "sk-learn-pipeline-training-job-of-today",
        "sk-proj-customer-churn-training-daily failed",
        "sk-admin-dashboards-refresh-nightly",
        'spec.serviceAccountName: Invalid value: "Etl_User": a lowercase RFC 1123 label',
        "spec.volumes[0].secret.secretName: Required value",
        'env[0].valueFrom.secretKeyRef: Invalid value: "": may not be specified',
        'spec.imagePullSecrets: Invalid value: "x y"',
        "pydantic: apiToken: Field required",
        "accessToken: this field may not be null",
        "webhookUrl: field is required",
        "ecs.clientToken: in use",
        "secrets.clientToken: used",
        "com.acme.tokenProvider: init failed",
        "Unknown token\nValue: something useful",
        "The secret\nvalue = 5 is out of range",
        'param "password" value=too short',
        "'Token' Value: must be",
        "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----",
        f"all that was read\nhello\n{KEY_END}",
        f"export KEY=a \\\n{KEY_END}",
        f"{'word ' * 20}\n{KEY_END}",
        f"a{'b' * 63} {'c' * 64}\nend\n{KEY_END}",
        KEY,
        "password: |\nstage: test",
        "The cookie: none was sent",
        "Cookie: not found",
        "  --password\n      The password of the database",
        "--password\n--stage\ntest",
        "dbPassword: is not set: see the documentation",
        'failed to fetch oauth token: Post "https://gitlab.example.com/jwt/auth": x509: unknown authority',
        'Get "https://auth.example.com/token": dial tcp 192.0.2.1:443: i/o timeout',
        r'"reason": "Get \"https://auth.example.com/token\": proxyconnect tcp: EOF"',
        'exec: "docker-credential-ecr-login": executable file not found in $PATH',
        'Post "https://auth.example.com/token": EOF',
        "open /tmp/containerd-mount1/etc/passwd: no such file or directory",
        'password authentication failed for user "etl"',
        "login failed",
        "set PASSWORD to a longer value",
        "token expired at 2026-03-01T10:00:00Z",
        'body["password"]: field required',
        "'token'] is missing",
        "KeyError: 'DB_PASSWORD'",
        "the token == the one of yesterday",
        "os.environ['TOKEN'] is not set",
        "== secrets ==",
        "self.logs[token] = followed",
        "ENV variables are missing",
        "ENV DB_PASSWORD is not set",
        "ENV DB_PASSWORD missing",
        "give the ENV DB_PASSWORD instead",
        "ARG TOKEN is declared, and not used",
        "ENV PWD /opt",
        "ENV key=value should be used instead of legacy ENV key value",
        'do not use ARG or ENV instructions for sensitive data (ENV "DB_PASSWORD")',
        "machine learning login with password failed",
        "login with password failed",
        "default login failed: password incorrect",
        "the machine a has no password set",
        "set token to a value, or set secrets aside",
        "setenv is not there",
        "Set `DB_PASSWORD`, or `--password`, and read `docs`",
        "cat <<EOF\nhello\nEOF",
        'raise ValueError("""no token is known\nof this name""")',
        'told["token"] = self.token',
        'if token := response.headers.get("Token"):',
        "    if not (password := given.password) and anonymous:",
        "signature_version += suffix",
        "token: str = field(repr=False)",
        "[secrets] are read first",
    ],
)
def test_what_people_must_read(text: str) -> None:
    assert mask(text) == text


# --- Values -------------------------------------------------------------------------------------------------


def test_what_stands_under_a_secret_name_in_a_list() -> None:
    shape = {"passwords": ["a1", "b2"], "PIN": 1234, "tags": [{"key": "api-token", "value": "c3"}], "n": 1}
    assert hidden(shape) == {
        "passwords": ["***", "***"],
        "PIN": "***",
        "tags": [{"key": "api-token", "value": "***"}],
        "n": 1,
    }
    assert sorted(secrets_in(shape)) == ["1234", "a1", "b2", "c3"]


def test_a_value_that_holds_itself() -> None:
    shape: dict[str, object] = {"DB_PASSWORD": "hunter2"}
    shape["environment"] = shape
    shape["list"] = [shape]
    assert list(secrets_in(shape)) == ["hunter2"]
    assert "hunter2" not in repr(hidden(shape))
    deep: object = {"DB_PASSWORD": "hunter2"}
    for _ in range(100_000):
        deep = [deep]
    assert list(secrets_in(deep)) == ["hunter2"]
    assert "hunter2" not in repr(hidden(deep))
    while isinstance(deep, list):  # as deep as this, not even its end is simple
        deep = deep.pop()


@given(st.text(min_size=1), st.integers(0, 2))
def test_a_known_secret_is_found_in_any_quotes(secret: str, depth: int) -> None:
    text = repr(secret)
    for _ in range(depth):
        text = json.dumps(text)
    assert without(f"<{text}>", [secret]) == without(f"<{text}>", [secret, secret, ""])
    if len(secret) > 3:  # a shorter one may stand in the mask, or the quotes
        assert secret not in without(f"<{text}>", [secret]).replace("***", "")


def test_a_secret_that_was_cut_in_two_is_not_shown() -> None:
    assert without("was hunt", ["hunter2-is-long"], cut=True) == "was "
    assert without("was hunt", ["hunter2-is-long"]) == "was hunt"
