"""The laws of any SQS hold for moto's, too: they are about SQS, not about ours."""

from collections.abc import Callable
from typing import Any

import pytest

from foreign.moto_world import Moto
from queue_laws import LAWS


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_moto_s_sqs(moto: Moto, law: Callable[[Any, str], None]) -> None:
    sqs = moto.client("sqs")
    law(sqs, sqs.create_queue(QueueName="q")["QueueUrl"])
