# mmdet-mal on the CPU.  From the root of the repository:
#   docker build -f docker/cpu.Dockerfile -t mmdet-mal:cpu .
#   docker run --rm -v "$PWD/my_data:/work" mmdet-mal:cpu doctor boxes.json --images photos
# The usual package index serves torch with CUDA, which adds gigabytes that a CPU
# does not use; name an index of CPU builds with
#   --build-arg PIP_EXTRA_INDEX_URL=...

FROM python:3.11-slim-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The versions are Debian's of the day; the image keeps none of these packages.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ gcc git make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
# The environment first: torch and mmcv's compile (5 to 15 minutes on 2 cores) are
# done again when a pin changes, not when the code does.
COPY Makefile ./
COPY requirements requirements
COPY tools/dev tools/dev
ARG PIP_EXTRA_INDEX_URL=""
ARG MAX_JOBS=2
RUN make VENV=/opt/mal MAX_JOBS="${MAX_JOBS}" /opt/mal/.runtime \
    && rm -rf /root/.cache
COPY setup.py pyproject.toml MANIFEST.in README.md LICENSE ./
COPY mmdet_mal mmdet_mal
COPY configs configs
COPY tools tools
RUN /opt/mal/bin/python -m pip install --no-cache-dir --no-build-isolation --no-deps . \
    && /opt/mal/bin/python -m pip check

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 mal && install -d -o mal /work
COPY --from=build /opt/mal /opt/mal
ENV PATH=/opt/mal/bin:$PATH \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /work
ENTRYPOINT ["mal"]
CMD ["--help"]
