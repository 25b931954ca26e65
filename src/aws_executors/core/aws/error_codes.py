"""What each error code and message of AWS means: the tables behind `errors.py`.

Law: literal rows and one look-up. Each row says what to do next and, if a person can do something, what.
Sources: botocore's service models and ``retries/standard.py``, "Common Errors" of both API references,
``botocore/exceptions.py``; the messages as their users reported them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What to do next."""

    THROTTLED = "throttled"  # wait and repeat; certainly not carried out
    CAPACITY = "no capacity"  # wait and repeat, without using up attempts
    CREDENTIALS = "credentials"  # wait for valid ones; certainly not carried out
    UNREACHABLE = "unreachable"  # certainly not carried out: no connection was made
    AMBIGUOUS = "ambiguous"  # may have been carried out: look it up before repeating
    CONFLICT = "conflict"  # carried out before, with the same token: counts as accepted
    PERMANENT = "permanent"  # will be refused again: fail, with the remedy


@dataclass(frozen=True, slots=True)
class Rule:
    """A row's right side: the kind, and what a person can do about it."""

    kind: Kind
    remedy: str = ""


_SLOWER = Rule(Kind.THROTTLED)
_UNSURE = Rule(Kind.AMBIGUOUS)
_REFUSED = Rule(Kind.PERMANENT)
_QUOTA = Rule(Kind.CAPACITY, "Ask for a higher quota in Service Quotas, or lower Airflow's parallelism.")
_CREDENTIALS = Rule(Kind.CREDENTIALS, "Check the credentials of the scheduler: role, profile or `conn_id`.")
_UNKNOWN_HERE = Rule(
    Kind.CREDENTIALS,
    "Check the credentials of the scheduler (role, profile or `conn_id`), and that the account has enabled "
    "`region`.",
)
_EXPIRED = Rule(Kind.CREDENTIALS, "The credentials have expired: renew them where the scheduler runs.")
_CLOCK = Rule(
    Kind.CREDENTIALS,
    "The signature was rejected: check the secret key, the host's clock, and that `endpoint_url` is in "
    "`region`.",
)
_DENIED = Rule(Kind.PERMANENT, "Allow {action} for the role that the scheduler runs as.")
_BLOCKED = Rule(Kind.PERMANENT, "The AWS account is blocked: contact AWS Support.")
_NOT_SUBSCRIBED = Rule(Kind.PERMANENT, "Subscribe the AWS account to the service, in this Region.")
_PASS_ROLE = Rule(Kind.PERMANENT, "Allow iam:PassRole on the task role and the execution role.")
_NO_QUEUE = Rule(Kind.PERMANENT, "Check the option `events_queue`: its account, Region and name.")
_REQUEST = Rule(
    Kind.PERMANENT, "Fix the option, request builder or `executor_config` that the message names."
)
_KEY = Rule(
    Kind.PERMANENT,
    "Check the KMS key that encrypts the queue or the bucket: it must exist, be enabled, be one for "
    "encryption, and be in this Region.",
)
_PLATFORM = Rule(
    Kind.PERMANENT, "Set `platform_version` to LATEST, or to one that the task definition can use."
)

CODES: Mapping[str, Rule] = MappingProxyType(
    {
        # Throttling: refused before anything was done.
        "BandwidthLimitExceeded": _SLOWER,
        "EC2ThrottledException": _SLOWER,
        "PriorRequestNotComplete": _SLOWER,
        "ProvisionedThroughputExceededException": _SLOWER,
        "RequestLimitExceeded": _SLOWER,
        "RequestThrottled": _SLOWER,
        "RequestThrottledException": _SLOWER,
        "KMS.ThrottlingException": _SLOWER,  # SQS and S3, for the key that they use
        "KmsThrottled": _SLOWER,
        "OverLimit": _SLOWER,  # SQS: too many messages are received and not deleted yet
        "SlowDown": _SLOWER,
        "TemporaryRedirect": _SLOWER,  # S3: a new bucket's name is not known everywhere yet
        "ConditionalRequestConflict": _SLOWER,  # S3: another write of the same object is under way
        "OperationAborted": _SLOWER,  # the same
        "ThrottledException": _SLOWER,
        "Throttling": _SLOWER,
        "ThrottlingException": _SLOWER,
        "TooManyRequestsException": _SLOWER,
        # Quotas: there is room again once containers end, or a person raises the quota.
        "LimitExceededException": _QUOTA,
        "ServiceQuotaExceededException": _QUOTA,
        # Credentials: every call is refused until they are renewed.
        "AuthFailure": _CREDENTIALS,
        "ExpiredToken": _EXPIRED,
        "ExpiredTokenException": _EXPIRED,
        "IDPCommunicationError": _CREDENTIALS,
        "IDPRejectedClaim": _CREDENTIALS,
        "IncompleteSignature": _CLOCK,
        "IncompleteSignatureException": _CLOCK,
        "InvalidAccessKeyId": _UNKNOWN_HERE,
        "InvalidClientTokenId": _UNKNOWN_HERE,
        "InvalidIdentityToken": _CREDENTIALS,
        "InvalidSignatureException": _CLOCK,
        "InvalidToken": _UNKNOWN_HERE,
        "MalformedPolicyDocument": _CREDENTIALS,  # STS, for the session policy
        "MissingAuthenticationToken": _CREDENTIALS,
        "MissingAuthenticationTokenException": _CREDENTIALS,
        "PackedPolicyTooLarge": _CREDENTIALS,  # the same
        "RegionDisabledException": _UNKNOWN_HERE,
        "RequestExpired": _CLOCK,
        "RequestTimeTooSkewed": _CLOCK,
        "SignatureDoesNotMatch": _CLOCK,
        "TokenRefreshRequired": _EXPIRED,
        "UnauthorizedException": _CREDENTIALS,
        "UnrecognizedClientException": _UNKNOWN_HERE,
        # The service failed, perhaps after it had done the work.
        "InternalError": _UNSURE,
        "InternalFailure": _UNSURE,
        "InternalServerError": _UNSURE,
        "RequestTimeout": _UNSURE,
        "RequestTimeoutException": _UNSURE,
        "ServerException": _UNSURE,
        "ServiceUnavailable": _UNSURE,
        "ServiceUnavailableException": _UNSURE,
        # Done before, under this client token.
        "ConflictException": Rule(Kind.CONFLICT),
        # Refused, and refused again as long as nothing changes.
        "AWS.SimpleQueueService.NonExistentQueue": _NO_QUEUE,
        "AccessDenied": _DENIED,
        "AccessDeniedException": _DENIED,
        "AccountProblem": _BLOCKED,
        "BlockedException": _BLOCKED,
        "ClientException": _REQUEST,
        "ClusterNotFoundException": Rule(Kind.PERMANENT, "Check the options `cluster` and `region`."),
        "InvalidAddress": _NO_QUEUE,
        "InvalidParameterCombination": _REQUEST,
        "InvalidParameterException": _REQUEST,
        "InvalidParameterValue": _REQUEST,
        "KMS.AccessDeniedException": _DENIED,
        "KMS.DisabledException": _KEY,
        "KMS.InvalidKeyUsageException": _KEY,
        "KMS.InvalidStateException": _KEY,  # SQS
        "KMS.KMSInvalidStateException": _KEY,  # S3
        "KMS.NotFoundException": _KEY,
        "KmsAccessDenied": _DENIED,  # SQS, where its header with the older code is lost
        "KmsDisabled": _KEY,
        "KmsInvalidKeyUsage": _KEY,
        "KmsInvalidState": _KEY,
        "KmsNotFound": _KEY,
        "NotAuthorized": _DENIED,
        "NotSignedUp": _NOT_SUBSCRIBED,
        "OptInRequired": _NOT_SUBSCRIBED,
        "ParamValidationError": _REQUEST,
        "PermanentRedirect": Rule(Kind.PERMANENT, "Use a bucket in the Region that `region` names."),
        "PlatformTaskDefinitionIncompatibilityException": _PLATFORM,
        "PlatformUnknownException": _PLATFORM,
        "QueueDoesNotExist": _NO_QUEUE,
        "ResourceNotFoundException": Rule(Kind.PERMANENT, "Check the name in the message, and `region`."),
        "ServiceNotFoundException": Rule(Kind.PERMANENT, "Check the options `cluster` and `region`."),
        "SerializationException": _REQUEST,
        "SubscriptionRequiredException": _NOT_SUBSCRIBED,
        "UnauthorizedOperation": _DENIED,
        "UnsupportedFeatureException": Rule(Kind.PERMANENT, "Use another `region` or another `launch_type`."),
        "ValidationError": _REQUEST,
        "ValidationException": _REQUEST,
    }
)

# For a code in no table the status decides: these rows; any other 4xx is a refusal; all else is ambiguous.
_PROXY = Rule(Kind.UNREACHABLE, "Check HTTPS_PROXY where the scheduler runs.")
STATUSES: Mapping[int, Rule] = MappingProxyType({407: _PROXY, 408: _UNSURE, 429: _SLOWER})
# AWS always gives a code, so an answer without one is not from AWS. 404 and 405: AWS's API is not there.
_NO_API = Rule(Kind.PERMANENT, "Check `endpoint_url` and `region`: AWS's API is not at that address.")
NOT_BY_AWS = Rule(
    Kind.AMBIGUOUS,
    "Check what is between here and AWS (a proxy, a load balancer, a login page), and `endpoint_url`.",
)
_TOO_LARGE = Rule(
    Kind.PERMANENT, "Raise the limit on the size of a request where a proxy on the way to AWS sets it."
)
BY_SOMEBODY: Mapping[int, Rule] = MappingProxyType({**STATUSES, 404: _NO_API, 405: _NO_API, 413: _TOO_LARGE})
NOT_SIGNED = _CREDENTIALS
UNKNOWN_4XX = _REFUSED
UNKNOWN = _UNSURE
NO_RESOURCE = _UNSURE  # a conflict whose answer names no container to adopt

POLICIES: Mapping[str, str] = MappingProxyType(
    {
        "VPC endpoint policy": "the policy of the VPC endpoint that the scheduler's calls go through",
        "permissions boundary": "the permissions boundary of the scheduler's role, too",
        "session policy": "the session policy with which the scheduler's role is assumed, too",
        "service control policy": "the organization's service control policies, too",
        "resource control policy": "the organization's resource control policies, too",
        "resource-based policy": "the policy of the bucket, key or queue itself, too, or use one in the "
        "scheduler's own account",
    }
)
"""The policies that IAM names if they, besides the role's own, must allow an action; and what to change."""

OTHER_POLICIES = (*(f"no {policy} allows" for policy in POLICIES), "with an explicit deny")
"""IAM's words for a denial that allowing the action to the role does not lift."""


def denied_elsewhere(message: str) -> bool:
    """Whether a denial says that allowing the action to the role does not help.

    >>> denied_elsewhere("not authorized to perform: s3:PutObject because no VPC endpoint policy allows it")
    True
    """
    lowered = message.lower()
    return any(words.lower() in lowered for words in OTHER_POLICIES)


# Words within a refusal that say more than its code, in lower case; the first row that matches counts. They
# match at the beginning of a word only: "taskdefinition" does not match ecs:DescribeTaskDefinition.
MESSAGES: tuple[tuple[str, Rule], ...] = (
    ("rate exceeded", _SLOWER),
    ("request limit exceeded", _SLOWER),
    ("too many requests", _SLOWER),
    # EC2's error when ECS asked EC2 for a subnet or a security group: ECS has started nothing then.
    *(
        (f"errorcode: {code}", _SLOWER)
        for code in ("unavailable", "serviceunavailable", "internalerror", "internalfailure")
    ),
    ("provisioning capacity limit", Rule(Kind.CAPACITY, "ECS allows 500 tasks in PROVISIONING per cluster.")),
    ("tasks in provisioning", Rule(Kind.CAPACITY, "ECS allows 500 tasks in PROVISIONING per cluster.")),
    ("you can run concurrently", Rule(Kind.CAPACITY, "Raise the Fargate vCPU quota in Service Quotas.")),
    ("concurrent tasks", Rule(Kind.CAPACITY, "Raise the Fargate vCPU quota in Service Quotas.")),
    ("capacity is unavailable", Rule(Kind.CAPACITY, "Add `subnets` in more Availability Zones.")),
    (
        "no container instances were found",
        Rule(
            Kind.CAPACITY,
            "The cluster has no EC2 instance: add one, or set `capacity_provider_strategy` in the place of "
            "`launch_type`, so that ECS starts them.",
        ),
    ),
    ("security token included in the request is", _EXPIRED),
    *(
        (
            words,
            Rule(
                Kind.CREDENTIALS,
                "Allow {action} for the identity that the scheduler starts with, in the trust policy of the "
                "role and in any policy that the message names, too.",
            ),
        )
        for words in ("perform: sts:", "perform sts:")
    ),
    (
        "durationseconds exceeds",
        Rule(
            Kind.CREDENTIALS,
            "Lower DurationSeconds in the `assume_role_kwargs` of `conn_id`, or the profile's "
            "`duration_seconds`, or raise the role's maximum. Where one role assumes another, it is 1 hour.",
        ),
    ),
    ("unable to determine service/operation name", _NO_API),
    (
        "with an explicit deny",
        Rule(
            Kind.PERMANENT,
            "A policy denies it, which no other policy undoes: change the one that is named.",
        ),
    ),
    # A role has no policy of its own that could allow passing it: the caller's policy must allow it.
    ("because no resource-based policy allows the iam:passrole", _PASS_ROLE),
    *(
        (f"because no {policy.lower()} allows", Rule(Kind.PERMANENT, f"Allow {{action}} in {where}."))
        for policy, where in POLICIES.items()
    ),
    (
        "no resource-based policies allow",
        Rule(
            Kind.PERMANENT, "Check that the resource is in this Region, and allow {action} in its own policy."
        ),
    ),
    (
        "errorcode: unauthorizedoperation",
        Rule(
            Kind.PERMANENT,
            "Check that the role AWSServiceRoleForECS exists unchanged, and that no policy of the "
            "organization denies what the message names.",
        ),
    ),
    *((words, _BLOCKED) for words in ("account is blocked", "account is currently blocked")),
    ("iam:passrole", _PASS_ROLE),
    *(
        (words, Rule(Kind.PERMANENT, "Create the role AWSServiceRoleForECS, or restore its trust policy."))
        for words in ("unable to assume the service linked role", "aws-service-role/ecs")
    ),
    (
        "unable to assume the role",
        Rule(Kind.PERMANENT, "Allow ecs-tasks.amazonaws.com to assume the task's roles."),
    ),
    (
        "above your limit",
        Rule(Kind.PERMANENT, "Ask AWS for a higher Fargate quota, or ask for less cpu and memory."),
    ),
    *(
        (
            words,
            Rule(Kind.PERMANENT, "Set `subnets` if the definition's network mode is awsvpc, and only then."),
        )
        for words in ("network configuration must be provided", "network configuration is not valid")
    ),
    (
        "does not support launch_type",
        Rule(Kind.PERMANENT, "Set `launch_type` to what the definition's `requiresCompatibilities` allows."),
    ),
    (
        "specified capacity provider",
        Rule(
            Kind.PERMANENT,
            "Check `capacity_provider_strategy`: each provider must be associated with the cluster.",
        ),
    ),
    (
        "public ip is not supported",
        Rule(Kind.PERMANENT, "Leave `assign_public_ip` out: only Fargate takes it."),
    ),
    (
        "platform version must be null",
        Rule(Kind.PERMANENT, "Leave `platform_version` out: only Fargate takes it."),
    ),
    (
        "accountids mismatch",
        Rule(Kind.PERMANENT, "Use a `cluster` and a `task_definition` of the account that is called."),
    ),
    *(
        (words, Rule(Kind.PERMANENT, "ECS Exec needs a task role: give the task definition one."))
        for words in ("valid task role is not being used", "valid taskrolearn is not being used")
    ),
    (
        "task definition to have execution role",
        Rule(Kind.PERMANENT, "Give the task definition an execution role (`executionRoleArn`)."),
    ),
    ("cluster was inactive", Rule(Kind.PERMANENT, "Set `cluster` to one that is ACTIVE.")),
    (
        "no parameter found for reference",
        Rule(
            Kind.PERMANENT,
            "Give the parameter a default in the job definition, or a value in `parameters` of "
            "`submit_job_kwargs`.",
        ),
    ),
    *(
        (
            words,
            Rule(Kind.PERMANENT, "Tags need long ARNs: enable the account's ECS setting taskLongArnFormat."),
        )
        for words in ("long arn format", "new arn and resource id format")
    ),
    *(
        (words, Rule(Kind.PERMANENT, "Use `security_groups` and `subnets` of one VPC."))
        for words in ("belong to different networks", "belong to the same vpc")
    ),
    (
        "not a container in the taskdefinition",
        Rule(Kind.PERMANENT, "Set `container_name` to a container of the task definition."),
    ),
    *(
        (
            words,
            Rule(
                Kind.PERMANENT,
                "Check that the task definition is active (option `task_definition`, a step, the task).",
            ),
        )
        for words in ("taskdefinition", "unable to describe task definition")
    ),
    (
        "can not run jobs with capability",
        Rule(
            Kind.PERMANENT, "Use a `job_queue` that has what the definition's `platformCapabilities` wants."
        ),
    ),
    (
        "jobdefinition",
        Rule(
            Kind.PERMANENT,
            "Check that the job definition is active (option `job_definition`, a step, the task).",
        ),
    ),
    (
        "overrides should not be set",
        Rule(
            Kind.PERMANENT,
            "Send the overrides of the definition's kind; a pod's are `eksPropertiesOverride` in "
            "`submit_job_kwargs`.",
        ),
    ),
    (
        "nodeoverride targets",
        Rule(Kind.PERMANENT, "Give `nodeOverrides` the `targetNodes` of the job definition's node ranges."),
    ),
    (
        "shareidentifier",
        Rule(
            Kind.PERMANENT,
            "Set `shareIdentifier` (with_share_identifier) if the queue has a scheduling policy, else not.",
        ),
    ),
    (
        "schedulingpriority",
        Rule(Kind.PERMANENT, "Give with_share_identifier a priority, or the job definition one."),
    ),
    (
        "dependent job failed",
        Rule(Kind.PERMANENT, "Remove `dependsOn` from the request: Airflow orders tasks itself."),
    ),
    (
        "array child job failed",
        Rule(
            Kind.PERMANENT,
            "See why the child failed. An Airflow task is one job: remove `arrayProperties`.",
        ),
    ),
    ("jobqueue", Rule(Kind.PERMANENT, "Check that the queue in `job_queue` exists and is enabled.")),
    ("invalidsubnetid", Rule(Kind.PERMANENT, "Check the option `subnets`, and that they are in `region`.")),
    ("invalidgroup.notfound", Rule(Kind.PERMANENT, "Check the option `security_groups`.")),
    *(
        (words, Rule(Kind.PERMANENT, "Use a combination of cpu and memory that Fargate supports."))
        for words in ("no fargate configuration", "fargate resource requirements")
    ),
    ("at most 8192", Rule(Kind.PERMANENT, "The overrides are too long: move environment to the definition.")),
)

# botocore's own exceptions, by class name: the nearest class of the MRO that is listed here counts.
EXCEPTIONS: Mapping[str, Rule] = MappingProxyType(
    {
        "CapacityNotAvailableError": _SLOWER,  # botocore's own rate limiter (retry mode adaptive)
        # The credential chain: nothing was sent.
        "ConfigNotFound": _CREDENTIALS,
        "ConfigParseError": _CREDENTIALS,
        "CredentialRetrievalError": _CREDENTIALS,
        "InvalidConfigError": _CREDENTIALS,
        "InvalidIMDSEndpointError": _CREDENTIALS,
        "InvalidIMDSEndpointModeError": _CREDENTIALS,
        "LoginError": _CREDENTIALS,
        "LoginRefreshRequired": _EXPIRED,
        "MetadataRetrievalError": _CREDENTIALS,
        "NoAuthTokenError": _CREDENTIALS,
        "NoCredentialsError": _CREDENTIALS,
        "PartialCredentialsError": _CREDENTIALS,
        "ProfileNotFound": _CREDENTIALS,
        "RefreshWithMFAUnsupportedError": _CREDENTIALS,
        "SSOError": _CREDENTIALS,  # SSOTokenLoadError
        "TokenRetrievalError": _CREDENTIALS,
        "UnauthorizedSSOTokenError": _EXPIRED,
        "UnknownCredentialError": _CREDENTIALS,
        "UnknownTokenProviderError": _CREDENTIALS,
        # No connection was made: nothing was sent.
        "ConnectTimeoutError": Rule(Kind.UNREACHABLE, "Check the route to AWS: NAT, VPC endpoint, firewall."),
        "ConnectionRefusedError": Rule(Kind.UNREACHABLE, "Check `endpoint_url`."),
        "EndpointConnectionError": Rule(Kind.UNREACHABLE, "Check `region`, `endpoint_url` and the network."),
        "ProxyConnectionError": _PROXY,
        "gaierror": Rule(Kind.UNREACHABLE, "The name could not be resolved: check `region` and DNS."),
        # A connection broke, or its answer could not be read. TLS breaks in the middle, too (an EOF while
        # reading the answer is an SSLError), so only words about certificate or handshake prove nothing sent.
        "HTTPClientError": _UNSURE,  # ReadTimeoutError, ConnectionClosedError, ResponseStreamingError
        "IncompleteReadError": _UNSURE,
        "ResponseParserError": _UNSURE,
        "SSLError": _UNSURE,
        # botocore refused to send the call.
        "BaseEndpointResolverError": Rule(Kind.PERMANENT, "Check the option `region`."),  # NoRegionError ...
        "DataNotFoundError": Rule(Kind.PERMANENT, "Install a newer boto3."),  # UnknownServiceError
        "EndpointProviderError": Rule(Kind.PERMANENT, "Check `region` and `endpoint_url`."),
        **dict.fromkeys(
            (
                "InvalidChecksumConfigError",
                "InvalidDefaultsMode",
                "InvalidEndpointConfigurationError",
                "InvalidEndpointDiscoveryConfigurationError",
                "InvalidS3AddressingStyleError",
                "InvalidS3UsEast1RegionalEndpointConfigError",
                "InvalidSTSRegionalEndpointsConfigError",
                "UnknownSignatureVersionError",
                "UnsupportedSignatureVersionError",
            ),
            Rule(
                Kind.PERMANENT,
                "Check this setting in AWS's config file, in the variables AWS_*, and in the connection.",
            ),
        ),
        "InvalidProxiesConfigError": Rule(Kind.PERMANENT, "Check the proxy settings in AWS's config file."),
        "InvalidRetryConfigurationError": Rule(
            Kind.PERMANENT, "Check the retry settings in AWS's config file."
        ),
        "MissingDependencyException": Rule(Kind.PERMANENT, "Install what the message names."),
        "MissingParametersError": _REQUEST,
        "ParamValidationError": _REQUEST,
        "UnknownClientMethodError": Rule(Kind.PERMANENT, "Install a newer boto3."),
        "UnknownRegionError": Rule(Kind.PERMANENT, "Check the option `region`."),
        **dict.fromkeys(
            (
                "UnsupportedOutpostResourceError",
                "UnsupportedS3AccesspointConfigurationError",
                "UnsupportedS3ArnError",
                "UnsupportedS3ConfigurationError",
            ),
            Rule(Kind.PERMANENT, "Check `workload_store`, `region`, and S3's settings in AWS's config file."),
        ),
        "UnsupportedServiceProtocolsError": Rule(Kind.PERMANENT, "Install a newer boto3."),
        "ValidationError": _REQUEST,  # InvalidRegionError, RangeError, UnknownParameterError
    }
)

HANDSHAKE_REFUSED = Rule(
    Kind.UNREACHABLE,
    "The TLS handshake failed: check `endpoint_url`, AWS_CA_BUNDLE, and what inspects TLS on the way.",
)
HANDSHAKE: tuple[str, ...] = (
    "certificate",
    "wrong_version_number",
    "handshake",
    "hostname",
    "unknown_ca",
    "unrecognized_name",
    # No version, cipher or key that both sides take.
    "unsupported_protocol",
    "protocol_version",
    "no_protocols_available",
    "no_ciphers_available",
    "insufficient_security",
    "legacy_renegotiation",
    "key_too_small",
    "md_too_weak",
    # AWS_CA_BUNDLE names no file that can be read.
    "no such file or directory",
    "permission denied",
    "is a directory",
    "not a directory",
    # ... or one that is cut off.
    "pem lib",
)

# Words of an HTTPClientError that arose before anything was sent, in lower case; the last column replaces a
# message that quotes the header with the credentials in it.
UNSENT: tuple[tuple[str, Rule, str], ...] = (
    (
        "invalid header value",
        Rule(
            Kind.CREDENTIALS,
            "Store the access key, secret key and session token without a line break (`echo` adds one).",
        ),
        "the credentials have a line break in them, so no request can be sent",
    ),
    ("failed to parse: ", _PROXY, ""),
    ("invalid ipv6 url", _PROXY, ""),
)
