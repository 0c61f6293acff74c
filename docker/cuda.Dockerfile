# mmdet-mal with CUDA.  From the root of the repository:
#   docker build -f docker/cuda.Dockerfile -t mmdet-mal:cuda .
#   docker run --rm --gpus all -v "$PWD/my_data:/work" mmdet-mal:cuda label ...
# CUDA_VERSION must have the major and minor number of the CUDA that the pinned
# torch was built with (torch 2.13.0: 13.0), because mmcv compiles against both.
# FORCE_CUDA=0 leaves mmcv's CUDA operators out: labelling needs none of them,
# detectors of phase 2 do (RoIAlign, NMS, deformable convolution).

ARG CUDA_VERSION=13.0.1
ARG UBUNTU_VERSION=24.04

FROM python:3.11-slim-bookworm AS python

FROM nvidia/cuda:${CUDA_VERSION}-devel-ubuntu${UBUNTU_VERSION} AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# The versions are Ubuntu's of the day; the image keeps none of these packages.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates g++ gcc git \
        libexpat1 libffi8 libreadline8 libsqlite3-0 libssl3 make \
    && rm -rf /var/lib/apt/lists/*
# Ubuntu 24.04 has Python 3.12; the pinned stack runs on 3.11.
COPY --from=python /usr/local /usr/local
RUN ldconfig
WORKDIR /src
# The environment first: torch and mmcv's compile are done again when a pin
# changes, not when the code does.
COPY Makefile ./
COPY requirements requirements
COPY tools/dev tools/dev
ARG PIP_EXTRA_INDEX_URL=""
ARG MAX_JOBS=2
ARG FORCE_CUDA=1
# There is no GPU to ask while an image is built.
ARG TORCH_CUDA_ARCH_LIST="8.0;8.6;8.9;9.0+PTX"
RUN make VENV=/opt/mal MAX_JOBS="${MAX_JOBS}" /opt/mal/.runtime \
    && rm -rf /root/.cache
COPY setup.py pyproject.toml MANIFEST.in README.md LICENSE ./
COPY mmdet_mal mmdet_mal
COPY configs configs
COPY tools tools
RUN /opt/mal/bin/python -m pip install --no-cache-dir --no-build-isolation --no-deps . \
    && /opt/mal/bin/python -m pip check

# torch brings CUDA's libraries along; the driver is the host's.
FROM nvidia/cuda:${CUDA_VERSION}-base-ubuntu${UBUNTU_VERSION}
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libexpat1 libffi8 libreadline8 \
        libsqlite3-0 libssl3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 mal && install -d -o mal /work
COPY --from=python /usr/local/bin /usr/local/bin
COPY --from=python /usr/local/lib /usr/local/lib
RUN ldconfig
COPY --from=build /opt/mal /opt/mal
ENV PATH=/opt/mal/bin:$PATH \
    PYTHONUNBUFFERED=1
USER 10001
WORKDIR /work
ENTRYPOINT ["mal"]
CMD ["--help"]
