"""An empty environment in which packages are installed from their wheels, and tried."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import Requirement

from releasing.building import UV, run
from releasing.distributions import Distribution, ReleaseError, distributions

EXAMPLE = re.compile(r"```python\n(.*?)```\n\nIt prints:\n\n```text\n(.*?)```", re.DOTALL)

IMPORT_EVERYTHING = """
import importlib, pkgutil, sys
package = importlib.import_module(sys.argv[1])
print(package.__version__)
for found in sorted(module.name for module in pkgutil.iter_modules(package.__path__)):
    if not found.startswith("_"):
        try:
            importlib.import_module(f"{package.__name__}.{found}")
        except ImportError as error:
            print(f"{found}: {error}")
"""


@dataclass(frozen=True)
class Installation:
    """What is installed where, on which Python; the wheels of this workspace are in a folder."""

    folder: Path
    python: Path
    names: list[str]
    wheels: Path

    def run(self, program: str, *arguments: str) -> str:
        """Run a program of the environment, and give what it wrote."""
        programs = self.folder / ("Scripts" if os.name == "nt" else "bin")
        return run(self.folder, programs / program, *arguments)

    def uv(self, *arguments: str) -> str:
        """Run `uv pip` on the environment, and give what it wrote."""
        command, *others = arguments
        return run(self.folder, UV, "pip", command, "--python", self.folder, *others)


def check(installation: Installation) -> str:
    """Install, and try all that was installed; say what that was.

    Raises:
        ReleaseError: Something does not install, or does not do what it says.
    """
    has_extras = any("[" in name for name in installation.names)
    install(installation, ask_the_index=has_extras)
    listed = installation.uv("list", "--format", "freeze").splitlines()
    installed = {line.partition("==")[0] for line in listed if "==" in line}
    ours = installed & distributions().keys()
    wanted = required_by(installation.names)
    if wanted != (ours if has_extras else installed):
        raise ReleaseError(f"{installation.names} brings {listed} instead of {sorted(wanted)}")
    for name in sorted(ours):
        check_imports(installation, distributions()[name], has_extras=has_extras)
        check_example(installation, distributions()[name])
    if has_extras:
        installation.run("python", "-I", "-c", "import sdax._demo.demo")  # to run it takes long
    return f"{len(ours)} of these packages and {len(installed - ours)} others"


def install(installation: Installation, *, ask_the_index: bool) -> None:
    """Make the environment. What belongs to the workspace comes from its wheels."""
    installation.folder.mkdir()
    python = ["--python", str(installation.python)]
    run(installation.folder, UV, "venv", "--quiet", "--no-project", "--clear", *python, ".")
    requirements = ["--find-links", str(installation.wheels), *installation.names]
    if ask_the_index:
        requirements += map(str, installation.wheels.glob("*.whl"))
    else:
        requirements.append("--no-index")
    installation.uv("install", "--quiet", *requirements)
    installation.uv("check")


def required_by(names: list[str]) -> set[str]:
    """The packages of the workspace that come with some of them."""
    known = distributions()
    found: set[str] = set()
    for requirement in map(Requirement, names):
        distribution = known.get(requirement.name)
        if distribution is not None:
            extras: dict[str, list[str]] = distribution.project.get("optional-dependencies", {})
            texts = [text for extra in requirement.extras for text in extras[extra]]
            texts += distribution.project["dependencies"]
            found |= {requirement.name} | required_by(texts)
    return found


def check_imports(
    installation: Installation, distribution: Distribution, *, has_extras: bool
) -> None:
    """Its version is right, and all public modules import, or say which extra they need."""
    told = installation.run("python", "-I", "-c", IMPORT_EVERYTHING, distribution.package)
    version, *refused = told.splitlines()
    if version != str(distribution.version):
        raise ReleaseError(f"{distribution.name} says that it is {version}")
    modules = {line.partition(":")[0]: line for line in refused}
    if wrong := [
        text for name, text in modules.items() if f"{distribution.name}[{name}]" not in text
    ]:
        raise ReleaseError(f"what does not import has to name its extra: {wrong}")
    extras = distribution.project.get("optional-dependencies", {}).keys() - {"all"}
    if distribution.name == "sdax-contrib" and not has_extras and modules.keys() != extras:
        raise ReleaseError(f"without extras, {sorted(modules)} do not import")


def check_example(installation: Installation, distribution: Distribution) -> None:
    """The example of its README prints what the README says."""
    for code, output in EXAMPLE.findall((distribution.folder / "README.md").read_text("utf-8")):
        printed = installation.run("python", "-I", "-W", "error", "-c", code)
        if printed != output.strip():
            raise ReleaseError(f"the example of {distribution.name} prints {printed}")
