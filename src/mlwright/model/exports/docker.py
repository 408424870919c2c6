"""--to docker: the folder that an image of the service is built from.

Dockerfile, .dockerignore, README.md    README.md has the two commands
requirements.txt                        what stands beside mlwright, each in the version that is installed here
wheels/                                 mlwright itself
model/                                  the model's own folder
"""

from __future__ import annotations

import sys
from pathlib import Path
from shlex import quote
from typing import Final

from mlwright.model.exports.exported import Exported
from mlwright.model.exports.facts import digest, reference
from mlwright.model.exports.pins import pins
from mlwright.model.exports.place import write_folder
from mlwright.model.exports.wheel import wheel as wheel_of
from mlwright.model.folder import to_files
from mlwright.model.parts import RowParts

FIRST: Final = "# Written by mlwright export, which may write this folder anew."
PORT: Final = 8080
USER: Final = 10001
"""No user of any other system is likely to have this number."""
DOCKERFILE: Final = """\
{first}
# The model {model} ({digest})
FROM python:{python}-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

# First what seldom changes: another model is then built in seconds.
COPY requirements.txt /install/requirements.txt
RUN ["pip", "install", "--requirement", "/install/requirements.txt"]
COPY wheels/{wheel} /install/{wheel}
RUN ["pip", "install", "--constraint", "/install/requirements.txt", "/install/{wheel}[serve]"]

# Files belong to root, and the service runs as nobody in particular: it can change neither its code nor its model.
RUN ["useradd", "--uid", "{user}", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", "mlwright"]
RUN ["install", "--directory", "--owner={user}", "--group={user}", "--mode=0750", "/state"]
COPY model /model

ENV MLWRIGHT_HOME=/state
VOLUME ["/state"]
WORKDIR /state
USER {user}:{user}
EXPOSE {port}
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \\
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:{port}/health/live', timeout=2)"]
STOPSIGNAL SIGTERM
CMD ["mlwright", "serve", "/model", "--host", "0.0.0.0", "--port", "{port}"]
"""
README: Final = """\
# {model} as a service

```sh
docker build --tag {name} .
docker run --rm --publish 127.0.0.1:{port}:{port} --volume {name}-state:/state --env MLWRIGHT_API_KEY {name}
```

`MLWRIGHT_API_KEY` is a secret of yours of at least 20 letters: the service does not start without one. `--env` with
the name alone takes it from your own environment, so that it stands in no history of commands. Clients send it in the
header `Authorization: Bearer ...`.

- Ask: `POST /v1/models/{asked}/predict`; `GET /v1/models` and `GET /openapi.json` say what there is. Alive:
  `GET /health/live`.
- The record of what was answered is in the volume `{name}-state`: without `--volume` it is lost with the container.
- Settings: mount a `serve.toml` that user {user} may read, and name it behind the image:

  ```sh
  docker run --rm --publish 127.0.0.1:{port}:{port} --volume {name}-state:/state --env MLWRIGHT_API_KEY \
    --volume "$PWD/serve.toml:/settings/serve.toml:ro" {name} \
    mlwright serve /model --host 0.0.0.0 --port {port} --settings /settings/serve.toml
  ```
- The service runs as user {user}, who owns nothing but `/state`: `--read-only --tmpfs /tmp --cap-drop ALL
  --security-opt no-new-privileges` go with it.
- Requirements are pinned to the versions that the model was exported with. mlwright itself is in `wheels/`: no index is
  asked for it.
"""
IGNORED: Final = "*\n!Dockerfile\n!requirements.txt\n!wheels\n!model\n"


def write(parts: RowParts, path: Path, wheel: Path | None = None) -> Exported:
    """Write the folder. Raises OutputError, and SourceError where the wheel is none."""
    file, data = wheel_of(wheel)
    told = {
        "first": FIRST,
        "model": reference(parts),
        "name": image_name(parts.name),
        "asked": parts.name,
        "digest": digest(parts)[:12],
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "wheel": file,
        "user": str(USER),
        "port": str(PORT),
    }
    files = {
        "Dockerfile": DOCKERFILE.format_map(told).encode(),
        ".dockerignore": IGNORED.encode(),
        "README.md": README.format_map(told).encode(),
        "requirements.txt": "\n".join([*pins(extras=["serve"]), ""]).encode(),
        f"wheels/{file}": data,
        **{f"model/{name}": held for name, held in to_files(parts).items()},
    }
    write_folder(path, files, FIRST.encode(), of="Dockerfile")
    return Exported(
        to="docker",
        path=path,
        model=reference(parts),
        bytes=sum(map(len, files.values())),
        next=f"docker build --tag {told['name']} {quote(str(path))}",
    )


def image_name(name: str) -> str:
    """Return a model's name as an image can bear it: small letters, digits, and single signs between them.

    >>> image_name("Churn 2026__v.1"), image_name("Ü")
    ('churn-2026-v-1', 'model')
    """
    kept = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
    return "-".join(part for part in kept.split("-") if part) or "model"
