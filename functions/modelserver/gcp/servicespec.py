"""A package as a service of Cloud Run: its tested image by digest, without rights, without a network, down to zero."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from google.cloud import run_v2 as run

from modelserver.errors import Misconfigured, NotReady
from modelserver.package import Artifact, Package
from modelserver.settings import Settings

_MIB = 1024**2
_AT_ONCE = 16  # calls of one instance; the model's server has a queue of its own
_MOST_INSTANCES = 10
_LONGEST = 3600  # seconds (google.cloud.run.v2, RevisionTemplate.timeout)
# cloud.google.com/run/docs/configuring/services/cpu: the least CPU for so many MiB.
_CPUS = ((4096, "1"), (8192, "2"), (16384, "4"), (32768, "8"))


def service_name(package: Package) -> str:
    """Of the build, so that content that is deleted and uploaded again gets another one."""
    return f"m-{package.build}"


def service_of(package: Package, settings: Settings) -> run.Service:
    """Raises NotReady, and Misconfigured when a setting is missing."""
    return run.Service(
        labels={"modelserver": str(package.id)},
        ingress=run.IngressTraffic.INGRESS_TRAFFIC_ALL,  # from a function, without a network; who may call, IAM says
        template=run.RevisionTemplate(
            service_account=settings.need("run_service_account"),
            containers=[_container(package, settings)],
            scaling=run.RevisionScaling(min_instance_count=0, max_instance_count=_MOST_INSTANCES),
            max_instance_request_concurrency=_AT_ONCE,
            timeout=_duration(min(settings.run_timeout, _LONGEST)),
            execution_environment=run.ExecutionEnvironment.EXECUTION_ENVIRONMENT_GEN2,
            vpc_access=_network(settings),
        ),
    )


def _container(package: Package, settings: Settings) -> run.Container:
    artifact = _artifact(package)
    return run.Container(
        image=f"{artifact.uri.rpartition(':')[0]}@{artifact.digest}",
        ports=[run.ContainerPort(container_port=8080)],
        env=[
            run.EnvVar(name="JID_TIMEOUT", value=f"{min(settings.run_timeout, _LONGEST):g}"),
            run.EnvVar(name="JID_WEBHOOKS", value="off"),
        ],
        resources=run.ResourceRequirements(limits=_limits(settings.test_memory), cpu_idle=True, startup_cpu_boost=True),
        startup_probe=run.Probe(
            http_get=run.HTTPGetAction(path="/ping", port=8080),
            period_seconds=2,
            timeout_seconds=2,
            failure_threshold=60,
        ),
    )


def _artifact(package: Package) -> Artifact:
    for artifact in package.artifacts:
        if artifact.target == "docker-cpu" and artifact.digest:
            return artifact
    made = ", ".join(artifact.target for artifact in package.artifacts) or "nothing"
    raise NotReady(f"It was built as {made}, and this server runs images for CPU.")


def _limits(memory: int) -> dict[str, str]:
    """Raises Misconfigured beyond what an instance may have."""
    mib = max(512, -(-memory // _MIB))
    for most, cpus in _CPUS:
        if mib <= most:
            return {"memory": f"{mib}Mi", "cpu": cpus}
    raise Misconfigured(f"MODELSERVER_TEST_MEMORY is {memory}; Cloud Run has at most 32 GiB.")


def _network(settings: Settings) -> run.VpcAccess | None:
    """All that leaves goes into a network of the project's, which lets nothing out; without one, to the Internet."""
    if not settings.run_subnetwork:
        return None
    interface = run.VpcAccess.NetworkInterface(subnetwork=settings.run_subnetwork)
    return run.VpcAccess(network_interfaces=[interface], egress=run.VpcAccess.VpcEgress.ALL_TRAFFIC)


def _duration(seconds: float) -> Any:
    """What proto-plus makes a Duration of."""
    return timedelta(seconds=seconds)
