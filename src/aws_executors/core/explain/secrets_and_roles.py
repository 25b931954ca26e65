"""Explain why secrets, roles or environment files of a container could not be obtained before it started.

Law: the most specific rows come first; rows further down match what AWS may have truncated. On Fargate most
messages begin with ResourceInitializationError; only the words after that prefix differ.
"""

from aws_executors.core.aws.error_codes import OTHER_POLICIES
from aws_executors.core.explain.agent import CODES
from aws_executors.core.explain.agent import SETUP as PAGE
from aws_executors.core.explain.reason import Reason, behind

MISSING = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/resource-not-found-error.html"
DENIED = "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html"
ENV = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html"
AGENT = "https://github.com/aws/amazon-ecs-agent/tree/master/agent/taskresource"
EBS = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-ebs-volumes-scenarios.html"
WAY_OUT = (
    "Give the subnets a route (`assign_public_ip` in a public subnet, a NAT gateway in a private one) or a "
    "VPC endpoint for {endpoint} whose security group allows port 443 from the container's."
)

UNREACHED = (
    "deadline exceeded",
    "RequestCanceled",
    ": RequestError",
    "request send failed",
    "exceeded maximum number of attempts",
    "i/o timeout",
    "connection refused",
    "connection issue",
    "StatusCode: 0...,",
    "retry quota exceeded",
)
"""How the agent's older and newer SDKs report that an endpoint does not answer."""

THROTTLED = ("ThrottlingException", "Rate exceeded")

NO_CREDENTIALS = (
    "NoCredentialProviders",
    "CredentialsEndpointError",
    "failed to refresh cached credentials",
    "no EC2 IMDS role found",
    "static credentials are empty",
)
"""How these SDKs report that there are no credentials to sign with."""

REFUSED_CREDENTIALS = "security token included in the request is"

ASM = ("secret from asm", "asm fetching secret", "Secrets Manager")
SSM = ("secrets from ssm", "SSM Parameter Store", "Systems Manager", "operation error SSM")
ECR = ("ecr registry auth", "registry auth from Amazon ECR", "GetAuthorizationToken")
PLACES = ("af", "ap", "ca", "cn", "eu", "eusc", "il", "me", "mx", "sa", "us")
"""How the names of Regions begin."""

LOG = (
    "Cloudwatch log",
    "CloudWatch Logs",
    "Amazon CloudWatch",
    "create stream",
    "logs-fips",
    *(f"logs.{place}-" for place in PLACES),
)
"""Words about CloudWatch Logs, and not about a user's own log server, which "logger args" may name as well,
even by a host name of AWS (a load balancer's)."""

AWS = (*ASM, *SSM, *ECR, *LOG, "env file")
"""Words about an endpoint of AWS."""


def way_out(endpoint: str) -> str:
    """The remedy for an endpoint that cannot be reached from a subnet."""
    return WAY_OUT.replace("{endpoint}", endpoint)


_OF_OTHERS = (
    "Change the policy that AWS names: the VPC endpoint's, the secret's, the organization's, or a "
    "permissions boundary. Allowing more to the role does not help."
)
_BESIDE_THE_KEY_S = tuple(words for words in OTHER_POLICIES if "resource-based" not in words)

SETUP: tuple[Reason, ...] = (
    Reason(
        name="another policy denies the EBS volume",
        says=behind(("EBS volume...not authorized to perform",), _BESIDE_THE_KEY_S),
        what="A policy denies what the container's EBS volume needs",
        remedy=_OF_OTHERS,
        source=DENIED,
    ),
    Reason(
        name="EBS volume may not be made",
        says=behind(("EBS volume",), ("not authorized to perform", "UnauthorizedOperation")),
        what="The infrastructure role is not allowed to set up the container's EBS volume",
        remedy=(
            "Give the infrastructure role AmazonECSInfrastructureRolePolicyForVolumes; with a KMS key of "
            "one's own, the key's policy must allow the role to use it as well."
        ),
        source=EBS,
    ),
    Reason(
        name="another policy denies",
        says=behind(("not authorized to perform",), OTHER_POLICIES),
        what="A policy denies what the container needs before it starts",
        remedy=_OF_OTHERS,
        source=DENIED,
    ),
    Reason(
        name="secret may not be read",
        says=("not authorized to perform: secretsmanager:",),
        what="The execution role is not allowed to read a secret in the definition",
        remedy=("Allow the execution role (not the task role) secretsmanager:GetSecretValue on that secret."),
        source=PAGE,
    ),
    Reason(
        name="parameter may not be read",
        says=("not authorized to perform: ssm:",),
        what="The execution role is not allowed to read a parameter in the definition",
        remedy="Allow the execution role (not the task role) ssm:GetParameters on that parameter.",
        source=PAGE,
    ),
    Reason(
        name="key may not be used",
        says=(
            "not authorized to perform: kms:",
            "Access to KMS is not allowed",
            "can't decrypt the protected secret",
            "is not authorized to perform this operation...KMS",
            "ciphertext refers to a",
        ),
        what="The execution role is not allowed to use the KMS key of a secret or of a file",
        remedy="Allow the execution role kms:Decrypt on that key, in the key's own policy as well.",
        source=PAGE,
    ),
    Reason(
        name="key not usable",
        says=behind(
            (*ASM, *SSM, "KMS"),
            (
                "DisabledException",
                "KMSInvalidStateException",
                "is pending deletion",
                ":key/...is disabled",
                "InvalidKeyId",
            ),
        ),
        what="The KMS key of a secret is disabled, about to be deleted, or gone",
        remedy=(
            "Cancel its deletion (kms cancel-key-deletion) and enable it, or encrypt the secret with "
            "another one."
        ),
        source="https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html",
    ),
    Reason(
        name="secret has no such key",
        says=("did not contain json key",),
        what="The secret's JSON does not have the key that the definition names",
        remedy="Check the key after the secret's ARN in the definition (arn:...:secret:name:KEY::), or "
        "add it to the secret.",
        source=PAGE,
    ),
    Reason(
        name="secret is no JSON",
        says=behind(ASM, ("invalid character", "unexpected end of JSON input", "json: cannot unmarshal")),
        what="The definition names a key of a secret that is not JSON",
        remedy=("Leave out the key after the secret's ARN, or make the secret a JSON object with that key."),
        source=PAGE,
    ),
    Reason(
        name="secret has no value",
        says=("can't find the specified secret value",),
        what="A secret in the definition has no value, or not in the version that the definition names",
        remedy=(
            "Store one (secretsmanager put-secret-value), or check the version stage and the version id "
            "after the secret's ARN in the definition."
        ),
        source="https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html",
    ),
    Reason(
        name="secret does not exist",
        says=(
            "Secrets Manager can't find the specified secret",
            "retrieve the secret with ARN",
            *behind(ASM, ("ResourceNotFoundException",)),
        ),
        what="A secret in the definition does not exist",
        remedy="Check its ARN: account, Region, name and the six characters after it.",
        source=MISSING,
    ),
    Reason(
        name="secret is being deleted",
        says=("marked for deletion", "on the secret because it was deleted"),
        what="A secret in the definition is marked for deletion",
        remedy="Restore it (secretsmanager restore-secret), or name another one.",
        source=PAGE,
    ),
    Reason(
        name="secret's name is not valid",
        says=(
            "invalid ARN format for the AWS Secrets Manager",
            "unexpected ARN format",
            "could not find a secretsmanager secretID",
            *behind(ASM, ("ValidationException",)),
        ),
        what="A secret's ARN in the definition is not valid",
        remedy="Write the full ARN into `valueFrom`; with a key: arn:...:secret:name-AbCdEf:KEY::",
        source=PAGE,
    ),
    Reason(
        name="parameter does not exist",
        says=("invalid ssm parameters", "invalid parameters: ", "ParameterNotFound"),
        what="A parameter in the definition does not exist",
        remedy="Check its name and Region in Parameter Store.",
        source=PAGE,
    ),
    Reason(
        name="parameter's name is not valid",
        says=behind(SSM, ("ValidationException",)),
        what="A parameter's name or ARN in the definition is not valid",
        remedy="Write the parameter's name, or its full ARN (arn:...:parameter/name), into `valueFrom`.",
        source="https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html",
    ),
    Reason(
        name="registry login in a secret not valid",
        says=("asm fetching authorization data", "AuthorizationData is malformed"),
        what="The secret with the login for the private registry is not valid",
        remedy='Write it as JSON: {"username": "...", "password": "..."}.',
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html",
    ),
    Reason(
        name="registry login may not be had",
        says=(
            "not authorized to perform: ecr:GetAuthorizationToken",
            *behind(ECR, ("not authorized to perform: ecr:",)),
        ),
        what="The execution role is not allowed to log in to Amazon ECR",
        remedy=(
            "Allow the execution role ecr:GetAuthorizationToken on *, or give it the policy "
            "AmazonECSTaskExecutionRolePolicy."
        ),
        source=PAGE,
    ),
    Reason(
        name="secrets too often asked for",
        says=behind((*ASM, *SSM, *ECR), THROTTLED),
        what="Reading secrets was throttled",
        remedy=(
            "If it persists, enable higher throughput in Parameter Store, put several "
            "values into one secret, or start fewer containers at once."
        ),
        source=PAGE,
    ),
    Reason(
        name="AWS has no address",
        says=behind(AWS, ("no such host", "server misbehaving")),
        what="An AWS endpoint's name could not be resolved in the container's VPC",
        remedy=(
            "Enable DNS resolution and DNS hostnames in the VPC, and private DNS for its endpoints. "
            "Check the `region` in the definition."
        ),
        source=PAGE,
    ),
    Reason(
        name="AWS is not trusted",
        says=behind(AWS, ("x509:", "tls: ")),
        what="The TLS certificate that came for an AWS endpoint was not trusted",
        remedy=(
            "Exempt AWS's endpoints from what inspects TLS between the subnet and them (a firewall, a "
            "proxy), or give the subnets VPC endpoints."
        ),
        source="https://docs.aws.amazon.com/network-firewall/latest/APIReference/API_TLSInspectionConfiguration.html",
    ),
    Reason(
        name="Secrets Manager out of reach",
        says=(*behind(ASM, UNREACHED), "connection issue between the task and AWS Secrets Manager"),
        what="Secrets Manager could not be reached from the container's subnet",
        remedy=way_out("secretsmanager"),
        source=PAGE,
    ),
    Reason(
        name="Parameter Store out of reach",
        says=(*behind(SSM, UNREACHED), "connection issue between the task and AWS Systems Manager"),
        what="Systems Manager Parameter Store could not be reached from the container's subnet",
        remedy=way_out("ssm"),
        source=PAGE,
    ),
    Reason(
        name="ECR out of reach",
        says=(*behind(ECR, UNREACHED), "connection issue between the task and Amazon ECR"),
        what="Amazon ECR could not be reached from the container's subnet",
        remedy=way_out("ecr.api, ecr.dkr and s3"),
        source=PAGE,
    ),
    Reason(
        name="registry login in a secret not had",
        says=("registry auth from asm", "task auth data"),
        what="The login for the private registry could not be read from its secret",
        remedy=(
            "Check the secret in `repositoryCredentials` (keys username and password), and that the "
            "execution role can read it."
        ),
        source=PAGE,
    ),
    Reason(
        name="infrastructure role can not be assumed",
        says=("ECS Infrastructure Role",),
        what="ECS is not allowed to assume its infrastructure role",
        remedy=(
            "The role's trust policy must allow ecs.amazonaws.com, and the scheduler needs iam:PassRole on "
            "it. A new role takes some minutes."
        ),
        source=EBS,
    ),
    Reason(
        name="service role can not be assumed",
        says=("unable to assume the service linked role", "unable to assume...aws-service-role/ecs"),
        what="ECS could not assume its own role in the account",
        remedy=(
            "Create the role AWSServiceRoleForECS (iam create-service-linked-role --aws-service-name "
            "ecs.amazonaws.com). A new one takes some minutes."
        ),
        source="https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html",
    ),
    Reason(
        name="role can not be assumed",
        says=("unable to assume the role", "not authorized to perform: sts:AssumeRole"),
        what="ECS is not allowed to assume a role of the definition",
        remedy=(
            "The role's trust policy must allow ecs-tasks.amazonaws.com. Check that the role still exists."
        ),
        source=CODES,
    ),
    Reason(
        name="execution role gave no credentials",
        says=(
            "execution role credentials",
            "No execution credentials set for the task",
            *behind((*ASM, *SSM, *ECR), (*NO_CREDENTIALS, REFUSED_CREDENTIALS)),
        ),
        what="The ECS agent had no credentials of the execution role",
        remedy=(
            "If it persists, check that the definition has an execution role, that "
            "the role trusts ecs-tasks.amazonaws.com, and that the instance's agent is recent."
        ),
        source=AGENT,
    ),
    Reason(
        name="environment file not read",
        says=("env file", "environmentFile", "environment file", "envfile"),
        what="An environment file (`environmentFiles`) could not be read",
        remedy=(
            "Check its ARN, allow the execution role s3:GetObject on it and s3:GetBucketLocation, and give "
            "the subnets a route to S3."
        ),
        source=ENV,
    ),
    Reason(
        name="ECR login not had",
        says=(*ECR, "retrieve ecr regist"),
        what="The login for Amazon ECR could not be retrieved",
        remedy="Often the subnets have no route to ECR. "
        + way_out("ecr.api, ecr.dkr and s3")
        + " Or the execution role lacks ecr:GetAuthorizationToken.",
        source=PAGE,
    ),
    Reason(
        name="secret not had",
        says=(
            "secret from asm",
            "asm fetching secret",
            "secret data from AWS Secrets Manager",
            "ASM secret",
            "ASM Secrets",
        ),
        what="A secret in the definition could not be read from Secrets Manager",
        remedy=(
            "Check the secret's ARN, secretsmanager:GetSecretValue for the execution role, and the "
            "subnets' route to Secrets Manager."
        ),
        source=PAGE,
    ),
    Reason(
        name="parameter not had",
        says=("secrets from ssm", "SSM Parameter Store", "ssm secret", "SSM Secrets", "missing secret value"),
        what="A parameter in the definition could not be read from Parameter Store",
        remedy=(
            "Check the parameter's name, ssm:GetParameters for the execution role, and the subnets' "
            "route to Systems Manager."
        ),
        source=PAGE,
    ),
    Reason(
        name="secrets or login not had",
        says=("unable to pull secrets or registry", "execution resource retrieval failed"),
        what="A secret, or the login for the image's registry, could not be retrieved",
        remedy=(
            "Check the subnets' route to ECR, Secrets Manager and Systems Manager, then the "
            "execution role's permissions."
        ),
        source=PAGE,
    ),
)
