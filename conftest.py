"""The world that unit tests see: an Airflow home of their own, and an AWS out of reach.

Law: the environment is set here, before anything imports Airflow, and nothing of the machine's own Airflow or
AWS set-up is left in it. This file imports no Airflow and no boto3: a test of the core pays for neither. It
stands at the root because the doctests in src are tests too.
"""

import atexit
import gc
import os
import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from types import FunctionType

import pytest
from _pytest.doctest import DoctestModule
from hypothesis import settings

from support.samples import STEADY

settings.load_profile(STEADY)

# What is imported and collected stays: to look through it again and again is a third of the time it takes.
gc.disable()

HOME = Path(tempfile.mkdtemp(prefix="aws-executors-tests-"))
atexit.register(shutil.rmtree, HOME, ignore_errors=True)

ENVIRONMENT = {
    "AIRFLOW_HOME": str(HOME),
    "AIRFLOW__API_AUTH__JWT_SECRET": "a secret that only these tests share, long enough for HS512: 64 bytes",
    "AIRFLOW__CORE__EXECUTOR": "aws_executors.executors.AwsEcsFargateExecutor",
    "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    "AIRFLOW__CORE__UNIT_TEST_MODE": "False",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{HOME / 'airflow.db'}",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
}

# Uses that mypy must refuse are read, never run; DAGs and policies of the end-to-end tests are Airflow's.
collect_ignore = [
    "tests/typing/mistakes.py",
    "tests/e2e/dags/killed_dag.py",
    "tests/e2e/dags/mixed_dag.py",
    "tests/e2e/dags/teams/team_dag.py",
    "tests/e2e/dags/transport_dag.py",
    "tests/e2e/policies/airflow_local_settings.py",
]

for name in [name for name in os.environ if name.startswith(("AIRFLOW_", "AWS_"))]:
    del os.environ[name]
os.environ.update(ENVIRONMENT)


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path: Path) -> Generator[None, list[pytest.Collector], list[pytest.Collector]]:
    """No doctests are looked for where none is: it takes each worker as long as to import the module."""
    found = yield
    if file_path.suffix == ".py" and b">>> " not in file_path.read_bytes():
        return [one for one in found if not isinstance(one, DoctestModule)]
    return found


def pytest_collection_finish() -> None:
    """From here on there is garbage to collect, but not among what is there already."""
    gc.freeze()
    gc.set_threshold(10_000)  # by default some 700 objects, of which a test makes thousands that live on
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def one_key() -> None:
    """Give each embedded AWS the key of the environment above, so that it answers any client made here."""
    from aws_executors.local import start

    start.new_key = lambda: ENVIRONMENT["AWS_ACCESS_KEY_ID"]


@pytest.fixture(scope="session", autouse=True)
def models_read_once() -> None:
    """Have botocore read each file of its models, make the model and the methods of each service, and look
    for another name of an event and for what a handler takes, once in this process: that is most of what a
    client in a session of its own costs, and hundreds of tests make some."""
    from botocore import hooks
    from botocore.client import ClientCreator
    from botocore.hooks import EventAliaser
    from botocore.loaders import JSONFileLoader, Loader
    from botocore.model import ServiceModel

    read, listed = JSONFileLoader.load_file, Loader.list_available_services
    made, named, takes = ClientCreator._create_methods, EventAliaser._alias_event_name, hooks.accepts_kwargs
    files: dict[str, object] = {}
    services: dict[tuple[str, ...], list[str]] = {}
    models: dict[int, ServiceModel] = {}
    methods: dict[ServiceModel, dict[str, object]] = {}
    names: dict[str, str] = {}
    taken: dict[object, object] = {}

    def load_file(loader: JSONFileLoader, file_path: str) -> object:
        if file_path not in files:
            files[file_path] = read(loader, file_path)
        return files[file_path]

    def list_available_services(loader: Loader, type_name: str) -> list[str]:
        where = (type_name, *loader.search_paths)
        if where not in services:
            services[where] = listed(loader, type_name)
        return services[where]

    def load_service_model(creator: ClientCreator, service: str, version: str | None = None) -> ServiceModel:
        said = creator._loader.load_service_model(service, "service-2", api_version=version)
        if id(said) not in models:
            models[id(said)] = ServiceModel(said, service_name=service)  # keeps `said`, and so its id
        return models[id(said)]

    def create_methods(creator: ClientCreator, model: ServiceModel) -> dict[str, object]:
        if model not in methods:
            methods[model] = made(creator, model)
        return dict(methods[model])

    def alias_event_name(events: EventAliaser, name: str) -> str:
        if name not in names:
            names[name] = named(events, name)
        return names[name]

    def accepts_kwargs(handler: object) -> object:
        function = getattr(handler, "__func__", handler)
        if not isinstance(function, FunctionType):
            return takes(handler)
        if function.__code__ not in taken:
            taken[function.__code__] = takes(handler)
        return taken[function.__code__]

    JSONFileLoader.load_file = load_file  # type: ignore[method-assign]
    Loader.list_available_services = list_available_services  # type: ignore[method-assign]
    ClientCreator._load_service_model = load_service_model
    ClientCreator._create_methods = create_methods
    EventAliaser._alias_event_name = alias_event_name
    hooks.accepts_kwargs = accepts_kwargs


@pytest.fixture(scope="session")
def airflow_home() -> Path:
    """Airflow's home for this test session."""
    return HOME


@pytest.fixture(scope="session")
def for_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what the workers of this run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def airflow_db(airflow_home: Path) -> Path:
    """Airflow's database, made when the first test asks for it: about 4 s."""
    from airflow.utils.db import initdb

    initdb()
    return airflow_home / "airflow.db"


@pytest.fixture(scope="session")
def warm_python(for_all: Path) -> Iterator[Path]:
    """A `python` that has imported all that a container imports, for all workers; its DAGs are in `dags`."""
    from e2e.warm import shared

    dags = {"AIRFLOW__CORE__LOAD_EXAMPLES": "False", "AIRFLOW__CORE__DAGS_FOLDER": str(for_all / "dags")}
    with shared(for_all / "warm", dags) as found:
        yield found
