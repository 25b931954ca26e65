"""Each code, message and exception of the tables, against what a person expects (C1, C10, C23, C24)."""

import inspect

import botocore.exceptions
import botocore.parsers
import pytest
from botocore.model import OperationModel
from botocore.session import get_session
from hypothesis import given
from hypothesis import strategies as st

from aws_executors.core.aws.error_codes import CODES, EXCEPTIONS, MESSAGES
from aws_executors.core.aws.errors import Kind, classify, classify_exception

USED = {
    "ecs": ("RunTask", "DescribeTasks", "StopTask", "ListTasks"),
    "batch": ("SubmitJob", "DescribeJobs", "TerminateJob", "ListJobs"),
    "logs": ("GetLogEvents",),
}


def operations() -> list[OperationModel]:
    session = get_session()
    return [
        session.get_service_model(service).operation_model(name) for service in USED for name in USED[service]
    ]


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
def test_every_modelled_exception_of_the_operations_we_use_has_a_row(operation: OperationModel) -> None:
    errors = operation.error_shapes
    assert errors
    assert [error.name for error in errors if error.name not in CODES] == []


def test_botocore_s_own_throttling_codes_are_ours_but_two() -> None:
    from botocore.retries.standard import ThrottledRetryableChecker

    theirs = set(vars(ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"])
    ours = {code for code, rule in CODES.items() if rule.kind is Kind.THROTTLED}
    assert theirs - ours == {
        "LimitExceededException",  # a quota: waits for room, not for time
        "TransactionInProgressException",  # DynamoDB's
    }


SUBNET = "Error retrieving subnet information for [subnet-1]: "


@pytest.mark.parametrize(
    ("code", "message", "status", "kind"),
    [
        ("ThrottlingException", "Rate exceeded", 400, Kind.THROTTLED),
        ("TooManyRequestsException", "Too Many Requests", 429, Kind.THROTTLED),
        ("SlowDown", "", 503, Kind.THROTTLED),
        ("Unheard", "", 429, Kind.THROTTLED),
        ("InvalidParameterException", SUBNET + "Rate exceeded", 400, Kind.THROTTLED),
        (
            "InvalidParameterException",
            SUBNET + "Request limit exceeded. (ErrorCode: RequestLimitExceeded)",
            400,
            Kind.THROTTLED,
        ),
        ("ClientException", "Tasks provisioning capacity limit exceeded.", 400, Kind.CAPACITY),
        (
            "ClientException",
            "You've reached the limit on the number of vCPUs you can run concurrently",
            400,
            Kind.CAPACITY,
        ),
        (
            "ClientException",
            "You've reached the limit on the number of concurrent tasks",
            400,
            Kind.CAPACITY,
        ),
        (
            "InvalidParameterException",
            "No Container Instances were found in your cluster.",
            400,
            Kind.CAPACITY,
        ),
        ("ServiceQuotaExceededException", "", 402, Kind.CAPACITY),
        ("LimitExceededException", "", 400, Kind.CAPACITY),
        (
            "ExpiredTokenException",
            "The security token included in the request is expired",
            400,
            Kind.CREDENTIALS,
        ),
        (
            "UnrecognizedClientException",
            "The security token included in the request is invalid",
            400,
            Kind.CREDENTIALS,
        ),
        ("InvalidSignatureException", "Signature expired: 2026", 403, Kind.CREDENTIALS),
        ("AccessDenied", "User: u is not authorized to perform: sts:AssumeRole on r", 403, Kind.CREDENTIALS),
        ("ServerException", "Service Unavailable. Please try again later.", 500, Kind.AMBIGUOUS),
        ("ServerException", "Rate exceeded", 500, Kind.AMBIGUOUS),  # words never overrule "perhaps done"
        ("Unheard", "", 500, Kind.AMBIGUOUS),
        ("503", "Service Unavailable", None, Kind.AMBIGUOUS),
        ("Unheard", "Rate exceeded", None, Kind.AMBIGUOUS),
        ("Unheard", "", None, Kind.AMBIGUOUS),
        ("RequestTimeout", "", 408, Kind.AMBIGUOUS),
        ("408", "", None, Kind.AMBIGUOUS),
        ("403", "<html><body>Blocked by policy</body></html>", 403, Kind.AMBIGUOUS),
        ("407", "Proxy Authentication Required", 407, Kind.UNREACHABLE),
        ("", "", 502, Kind.AMBIGUOUS),
        ("Unheard", "", 400, Kind.PERMANENT),
        ("404", "Not Found", None, Kind.PERMANENT),
        ("ClientException", "TaskDefinition not found.", 400, Kind.PERMANENT),
        ("ClusterNotFoundException", "Cluster not found.", 400, Kind.PERMANENT),
        ("AccessDeniedException", "User: u is not authorized to perform: ecs:RunTask", 400, Kind.PERMANENT),
        ("BlockedException", "", 400, Kind.PERMANENT),
        ("PlatformUnknownException", "", 400, Kind.PERMANENT),
        ("UnsupportedFeatureException", "", 400, Kind.PERMANENT),
    ],
)
def test_code_message_and_status_say_what_to_do(
    code: str, message: str, status: int | None, kind: Kind
) -> None:
    assert classify(code, message, status=status).kind is kind


def test_c10_a_conflict_names_what_was_started_before() -> None:
    told = classify("ConflictException", "conflict", status=400, resource_ids=["arn:1"])
    assert (told.kind, told.resource_ids) == (Kind.CONFLICT, ("arn:1",))


def test_c10_a_conflict_that_names_nothing_is_looked_up() -> None:
    assert classify("ConflictException", "Rate exceeded", status=400).kind is Kind.AMBIGUOUS


@pytest.mark.parametrize(
    ("code", "message", "remedy"),
    [
        (
            "AccessDeniedException",
            "User: assumed-role/a/b is not authorized to perform: batch:SubmitJob on resource: q",
            "Allow batch:SubmitJob for the role that the scheduler runs as.",
        ),
        (
            "AccessDeniedException",
            "User: u is not authorized to perform: iam:PassRole on resource: r",
            "Allow iam:PassRole on the task role and the execution role.",
        ),
        (
            "AccessDeniedException",
            "no",
            "Allow the action that the message names for the role that the scheduler runs as.",
        ),
        (
            "ClientException",
            "TaskDefinition is inactive",
            "Check that the task definition is active (option `task_definition`, a step, the task).",
        ),
        (
            "ClientException",
            "JobQueue q not found.",
            "Check that the queue in `job_queue` exists and is enabled.",
        ),
        (
            "InvalidParameterException",
            "Override for container named airflow is not a container in the TaskDefinition.",
            "Set `container_name` to a container of the task definition.",
        ),
        ("ClusterNotFoundException", "Cluster not found.", "Check the options `cluster` and `region`."),
    ],
)
def test_c24_a_permanent_error_names_what_a_person_can_do(code: str, message: str, remedy: str) -> None:
    told = classify(code, message, status=400)
    assert (told.kind, told.remedy) == (Kind.PERMANENT, remedy)


def test_every_permanent_and_credentials_row_has_a_remedy() -> None:
    rules = [*CODES.values(), *EXCEPTIONS.values(), *(rule for _, rule in MESSAGES)]
    assert [
        rule for rule in rules if rule.kind in (Kind.PERMANENT, Kind.CREDENTIALS) and not rule.remedy
    ] == []


def test_the_message_table_is_in_lower_case_and_each_row_can_be_reached() -> None:
    words = [text for text, _ in MESSAGES]
    assert words == [text.lower() for text in words]
    assert [w for i, w in enumerate(words) if any(earlier in w for earlier in words[:i])] == []


EXPECTED = {
    "NoCredentialsError": Kind.CREDENTIALS,
    "PartialCredentialsError": Kind.CREDENTIALS,
    "CredentialRetrievalError": Kind.CREDENTIALS,
    "TokenRetrievalError": Kind.CREDENTIALS,
    "SSOTokenLoadError": Kind.CREDENTIALS,
    "UnauthorizedSSOTokenError": Kind.CREDENTIALS,
    "LoginRefreshRequired": Kind.CREDENTIALS,
    "MetadataRetrievalError": Kind.CREDENTIALS,
    "ProfileNotFound": Kind.CREDENTIALS,
    "ConnectTimeoutError": Kind.UNREACHABLE,
    "EndpointConnectionError": Kind.UNREACHABLE,
    "ProxyConnectionError": Kind.UNREACHABLE,
    "SSLError": Kind.AMBIGUOUS,
    "ReadTimeoutError": Kind.AMBIGUOUS,
    "ConnectionClosedError": Kind.AMBIGUOUS,
    "HTTPClientError": Kind.AMBIGUOUS,
    "ResponseStreamingError": Kind.AMBIGUOUS,
    "CapacityNotAvailableError": Kind.THROTTLED,
    "ParamValidationError": Kind.PERMANENT,
    "NoRegionError": Kind.PERMANENT,
    "InvalidRegionError": Kind.PERMANENT,
    "UnknownServiceError": Kind.PERMANENT,
    "EndpointResolutionError": Kind.PERMANENT,
    "UnsupportedS3AccesspointConfigurationError": Kind.PERMANENT,
    "UnsupportedS3ArnError": Kind.PERMANENT,
    "UnsupportedS3ConfigurationError": Kind.PERMANENT,
    "InvalidSTSRegionalEndpointsConfigError": Kind.PERMANENT,
    "InvalidDefaultsMode": Kind.PERMANENT,
    "InvalidIMDSEndpointError": Kind.CREDENTIALS,
    "InvalidIMDSEndpointModeError": Kind.CREDENTIALS,
    "ChecksumError": Kind.AMBIGUOUS,
    "BotoCoreError": Kind.AMBIGUOUS,
}


@pytest.mark.parametrize(("name", "kind"), EXPECTED.items())
def test_c1_exceptions_without_an_answer_are_classed_by_their_classes(name: str, kind: Kind) -> None:
    cls = getattr(botocore.exceptions, name)
    assert classify_exception([base.__name__ for base in cls.__mro__], "").kind is kind


@pytest.mark.parametrize("name", ["UnauthorizedSSOTokenError", "LoginRefreshRequired"])
def test_a_session_that_has_expired_is_to_be_renewed(name: str) -> None:
    cls = getattr(botocore.exceptions, name)
    assert "renew them" in classify_exception([base.__name__ for base in cls.__mro__], "").remedy


def test_c1_what_is_no_botocore_exception() -> None:
    def kind(cls: type[BaseException]) -> Kind:
        return classify_exception([base.__name__ for base in cls.__mro__], "").kind

    assert kind(botocore.parsers.ResponseParserError) is Kind.AMBIGUOUS
    assert kind(ConnectionRefusedError) is Kind.UNREACHABLE
    assert kind(ConnectionResetError) is Kind.AMBIGUOUS
    assert kind(TimeoutError) is Kind.AMBIGUOUS
    assert classify_exception([], "").kind is Kind.AMBIGUOUS


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (
            "SSL validation failed for https://e/ [SSL: CERTIFICATE_VERIFY_FAILED] unable to get issuer",
            Kind.UNREACHABLE,
        ),
        ("SSL validation failed for https://e/ [SSL: WRONG_VERSION_NUMBER] wrong version", Kind.UNREACHABLE),
        ("SSL validation failed for https://e/ [SSL: UNSUPPORTED_PROTOCOL] unsupported", Kind.UNREACHABLE),
        (
            "SSL validation failed for https://e/ [SSL: UNSAFE_LEGACY_RENEGOTIATION_DISABLED] unsafe",
            Kind.UNREACHABLE,
        ),
        ("SSL validation failed for https://e/ [SSL: DH_KEY_TOO_SMALL] dh key too small", Kind.UNREACHABLE),
        ("SSL validation failed for https://e/ [Errno 2] No such file or directory", Kind.UNREACHABLE),
        ("SSL validation failed for https://e/ [Errno 13] Permission denied", Kind.UNREACHABLE),
        ("SSL validation failed for https://e/ [X509] PEM lib (_ssl.c:4154)", Kind.UNREACHABLE),
        ("SSL validation failed for https://e/ EOF occurred in violation of protocol", Kind.AMBIGUOUS),
        ("SSL validation failed for https://e/ [SSL: TLSV1_ALERT_INTERNAL_ERROR] alert", Kind.AMBIGUOUS),
        ("SSL validation failed for https://e/ [Errno 104] Connection reset by peer", Kind.AMBIGUOUS),
    ],
)
def test_only_a_refused_handshake_is_certain_not_to_have_been_carried_out(message: str, kind: Kind) -> None:
    assert classify_exception(["SSLError", "ConnectionError", "BotoCoreError"], message).kind is kind


HTTP_CLIENT = ["HTTPClientError", "BotoCoreError", "Exception"]
UNHANDLED = "An HTTP Client raised an unhandled exception: "


def test_credentials_with_a_line_break_are_told_and_not_shown() -> None:
    quoted = UNHANDLED + "Invalid header value b'IQoJb3JpZ2luX2VjEXAMPLETOKEN/abcdefgh\\n'"
    told = classify_exception(HTTP_CLIENT, quoted)
    assert told.kind is Kind.CREDENTIALS
    assert "line break" in told.message
    assert "IQoJ" not in repr(told)


@pytest.mark.parametrize(
    "odd", ["Failed to parse: 'proxy:port' is not a valid host or port", "Invalid IPv6 URL"]
)
def test_a_proxy_s_address_that_is_none_was_never_connected_to(odd: str) -> None:
    told = classify_exception(HTTP_CLIENT, UNHANDLED + odd)
    assert (told.kind, told.remedy) == (Kind.UNREACHABLE, "Check HTTPS_PROXY where the scheduler runs.")
    assert classify_exception(HTTP_CLIENT, UNHANDLED + "broken").kind is Kind.AMBIGUOUS


def test_every_exception_of_the_table_exists() -> None:
    theirs = {name for name, _ in inspect.getmembers(botocore.exceptions, inspect.isclass)}
    assert set(EXCEPTIONS) - theirs == {"ConnectionRefusedError", "ResponseParserError", "gaierror"}


def test_messages_carry_no_secrets() -> None:
    jwt = "eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl"
    shown = classify_exception(
        ["ParamValidationError"],
        f"Invalid type, value: ['run', '{{\"token\": \"{jwt}\"}}'], valid types: str",
    )
    assert jwt not in repr(shown)
    assert jwt not in repr(classify("ClientException", f"too long: {jwt}", status=400))


@given(st.text(), st.text(), st.none() | st.integers())
def test_classify_takes_anything(code: str, message: str, status: int | None) -> None:
    assert classify(code, message, status=status).kind in Kind
    assert classify_exception([code, message], message).kind in Kind
