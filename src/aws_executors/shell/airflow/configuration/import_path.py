"""Import the object that a dotted path in airflow.cfg names.

Law: the only module that imports what an option names. Whatever the user's module raises is returned as a
failure, never raised.
"""

import importlib
import inspect
import re
import sys
import traceback
from dataclasses import dataclass
from pathlib import PurePath

from returns.result import Failure, Result, Success

from aws_executors.core.redact.outgoing import PART, one_line
from aws_executors.core.requests.compose import error_words
from aws_executors.core.requests.maker import form_of_uncalled
from aws_executors.core.validation import meant, nearest

WHERE = "in Airflow's plugins folder, or elsewhere on the PYTHONPATH of the scheduler"
STEPS = "a step (launch, request) goes into compose(build, step)"
BUILDER_FORM = "write it as def build(launch): ..., and return a request"


@dataclass(frozen=True, slots=True)
class Unloaded:
    """Why a dotted path cannot be used; `problem` completes "option = path ..."."""

    problem: str
    remedy: str


def load(path: str) -> Result[object, Unloaded]:
    """The object at ``package.module.name`` or ``package.module:name.name``, or why there is none.

    >>> load("aws_executors.core.settings.errors.shown").unwrap()
    <function shown at ...>
    >>> load("aws_executors.core.settings.errors.shwon").failure().remedy
    'did you mean shown?'
    >>> load("no_such_module.build").failure().problem
    "names the module no_such_module, which cannot be found (No module named 'no_such_module')"
    """
    module_name, _, name = path.partition(":") if ":" in path else path.rpartition(".")
    try:
        found: object = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        return Failure(_not_found(path, module_name, error))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - a user's module may raise anything
        return Failure(_raised(module_name, error))
    for step in name.split("."):
        try:
            found = getattr(found, step)
        except AttributeError:
            return Failure(_lacks(found, module_name, step))
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - a module may make an attribute on access
            return Failure(_raised(module_name, error))
    return Success(found)


def why_no_builder(found: object) -> Unloaded | None:
    """Why an object is not a builder (a function of one launch); None if it may be one.

    >>> why_no_builder(load)
    >>> why_no_builder(3)
    Unloaded(problem='names an int, not a function of one launch', remedy='write it as def build...')
    """
    if isinstance(found, type) or not callable(found):
        kind = f"the class {found.__name__}" if isinstance(found, type) else _a(type(found).__name__)
        return Unloaded(f"names {kind}, not a function of one launch", BUILDER_FORM)
    if form := form_of_uncalled(found):
        return Unloaded("names a function that was not called", f"write {form}; {STEPS}")
    if inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found):
        return Unloaded("names a function that is async, or yields, and so returns no request", BUILDER_FORM)
    try:
        signature = inspect.signature(found)
    except (ValueError, NameError, AttributeError):
        # Some built-in callables have no signature; some annotations name imports for type checks only.
        return None
    try:
        signature.bind(None)
    except TypeError:
        bare = [one.replace(annotation=one.empty, default=one.empty) for one in signature.parameters.values()]
        named = bool(bare) and bare[0].kind is inspect.Parameter.KEYWORD_ONLY
        problem = f"names a function of {inspect.Signature(bare)}, not of one launch"
        remedy = "leave the * out: the launch is given by its position" if named else BUILDER_FORM
        return Unloaded(problem, f"{remedy}; {STEPS}")
    return None


def _a(noun: str) -> str:
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"


def _not_found(path: str, module_name: str, error: ModuleNotFoundError) -> Unloaded:
    missing = error.name or ""
    if not f"{module_name}.".startswith(f"{missing}."):
        return _raised(module_name, error)
    parent, _, name = missing.rpartition(".")
    inside = name in vars(sys.modules.get(parent, object))
    remedy = f"write {parent}:{path.removeprefix(f'{parent}.')}" if inside else f"put it {WHERE}"
    return Unloaded(f"names the module {module_name}, which cannot be found ({error})", remedy)


def _raised(module_name: str, error: BaseException) -> Unloaded:
    words = one_line(f"{type(error).__name__}: {error_words(error)}".removesuffix(": "), PART)
    problem = f"names the module {module_name}, which raised {words}{_place(error)}"
    remedy = "".join(f"did you mean {name}?" for name in _meant(error)) or "fix the module"
    if isinstance(error, ModuleNotFoundError) and error.name:
        parts = error.name.split(".")
        paths = (".".join(parts[:count]) for count in range(1, len(parts) + 1))
        missing = next((path for path in paths if path not in sys.modules), error.name)
        remedy = f"install {missing} where the scheduler runs, or import something else"
        if missing == "airflow_aws_executors":
            remedy = "import from aws_executors instead; docs/migration.md lists its names"
    return Unloaded(problem, remedy)


def _meant(error: BaseException) -> list[str]:
    """The closest existing name, if a module imports a name from another that does not have it."""
    if not isinstance(error, ImportError):
        return meant(error)
    asked, module = re.match(r"cannot import name '(\w+)'", error.msg), sys.modules.get(error.name or "")
    if asked is None or module is None:
        return []
    return nearest(asked[1], [*dir(module), *module.__annotations__])  # some are created on first access


def _place(error: BaseException) -> str:
    """The last line of the user's code that ran: in or below the folder of the module that was imported."""
    _, *frames = [f for f in traceback.extract_tb(error.__traceback__) if "importlib" not in f.filename]
    folders = [PurePath(frame.filename).parent for frame in frames]
    own = [f for f, folder in zip(frames, folders, strict=True) if folder.is_relative_to(folders[0])]
    return f" ({own[-1].filename}:{own[-1].lineno})" if own else ""


def _lacks(found: object, module_name: str, step: str) -> Unloaded:
    near = "".join(f"did you mean {close}?" for close in nearest(step, dir(found)))
    return Unloaded(
        f"names {step!r}, which {module_name} does not have", near or f"define it in {module_name}"
    )
