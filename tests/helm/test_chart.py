"""The Helm chart, rendered by a real helm: valid to Kubernetes, restricted, closed to unknown values, documented."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import kubernetes_validate
import pytest
import values_table
import yaml
from yamllint import linter
from yamllint.config import YamlLintConfig

from aiops_daemon import __version__
from aiops_daemon.config.load import Overrides, inspect

CHART = values_table.CHART
CASES = sorted((CHART / "ci").glob("*-values.yaml"))
KUBERNETES = "1.31.0"
LINT = YamlLintConfig(
    "{extends: relaxed, rules: {line-length: {max: 400}, indentation: disable, key-duplicates: enable}}"
)
Objects: TypeAlias = list[dict[str, Any]]


def run(helm: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run helm."""
    return subprocess.run([str(helm), *arguments], capture_output=True, text=True, timeout=60, check=False)


def template(helm: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Render the chart for a cluster of today that has the Prometheus operator."""
    fixed = ("--namespace=monitoring", f"--kube-version={KUBERNETES}", "--api-versions=monitoring.coreos.com/v1")
    return run(helm, "template", "aiops", str(CHART), *fixed, *arguments)


def objects(helm: Path, *arguments: str) -> Objects:
    """Render the chart and read the objects."""
    result = template(helm, *arguments)
    assert result.returncode == 0, result.stderr
    return [found for found in yaml.safe_load_all(result.stdout) if found]


def of_kind(found: Objects, kind: str) -> Objects:
    """Pick the objects of one kind."""
    return [item for item in found if item["kind"] == kind]


def pods(found: Objects) -> Iterator[dict[str, Any]]:
    """Yield the specification of every pod."""
    for item in found:
        if item["kind"] == "Pod":
            yield item["spec"]
        elif "template" in item.get("spec", {}):
            yield item["spec"]["template"]["spec"]


case = pytest.mark.parametrize("values", CASES, ids=lambda path: path.name)


@case
def test_helm_lint_is_content(helm: Path, values: Path) -> None:
    """`helm lint --strict` passes for every case."""
    result = run(helm, "lint", "--strict", str(CHART), "--values", str(values))

    assert result.returncode == 0, result.stdout + result.stderr
    assert "[WARNING]" not in result.stdout + result.stderr


@case
def test_kubernetes_accepts_every_object(helm: Path, values: Path) -> None:
    """Each object is valid by Kubernetes' own schema, unknown fields refused; the operator's are looked at below."""
    for item in objects(helm, f"--values={values}"):
        if not item["apiVersion"].startswith("monitoring.coreos.com/"):
            kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_kubernetes_would_refuse_a_wrong_object(helm: Path) -> None:
    """The validator is really at work: an unknown field is seen."""
    broken = of_kind(objects(helm), "StatefulSet")[0]
    broken["spec"]["template"]["spec"]["automountToken"] = False

    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(broken, KUBERNETES, strict=True)


@case
def test_rendered_yaml_is_clean(helm: Path, values: Path) -> None:
    """yamllint finds nothing in what is rendered: no key twice, no trailing space."""
    rendered = template(helm, f"--values={values}").stdout

    assert [str(problem) for problem in linter.run(rendered, LINT)] == []


@pytest.mark.parametrize("path", ["Chart.yaml", "values.yaml"])
def test_the_charts_own_yaml_is_clean(path: str) -> None:
    """yamllint finds nothing in the files of the chart that are YAML."""
    assert [str(problem) for problem in linter.run((CHART / path).read_text(), LINT)] == []


@case
def test_pods_are_restricted(helm: Path, values: Path) -> None:
    """Every pod, the test's too, meets the restricted Pod Security Standard, has a read-only root and no token."""
    found = list(pods(objects(helm, f"--values={values}")))
    assert len(found) == 2
    for pod in found:
        context = pod["securityContext"]
        assert (True, 65532) == (context["runAsNonRoot"], context["runAsUser"])
        assert {"type": "RuntimeDefault"} == context["seccompProfile"]
        assert not pod["automountServiceAccountToken"]
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        allowed = {"configMap", "secret", "emptyDir", "projected", "persistentVolumeClaim", "csi", "downwardAPI"}
        assert all(set(volume) - {"name"} <= allowed for volume in pod.get("volumes", []))
        for container in pod["containers"]:
            assert {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            } == container["securityContext"]
            assert not any("hostPort" in port for port in container.get("ports", []))


@case
def test_objects_are_labelled(helm: Path, values: Path) -> None:
    """The chart's objects carry the recommended labels, and the chart's version is in no selector."""
    for item in objects(helm, f"--values={values}"):
        if item["metadata"]["name"] in ("ca", "aiops-extra"):
            continue
        assert {"app.kubernetes.io/name", "app.kubernetes.io/instance", "app.kubernetes.io/managed-by"} <= set(
            item["metadata"]["labels"]
        )
        assert "helm.sh/chart" not in str(item.get("spec", {}).get("selector", {}))


def test_the_daemon_gets_its_arguments(helm: Path) -> None:
    """The container runs the daemon on all addresses, with its state on the volume and the mounted configuration."""
    container = next(pods(of_kind(objects(helm), "StatefulSet")))["containers"][0]
    mounts = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}

    assert [
        "run",
        "--config.file=/etc/aiops/config.yaml",
        "--storage.url=sqlite:////data/aiops.db",
        "--web.listen-address=0.0.0.0:9641",
        "--log.level=info",
        "--log.format=logfmt",
    ] == container["args"]
    assert {"config": "/etc/aiops", "data": "/data", "tmp": "/tmp", "tokens": "/tokens"} == mounts
    assert "/-/healthy" == container["livenessProbe"]["httpGet"]["path"]
    assert "/-/ready" == container["readinessProbe"]["httpGet"]["path"]


def test_the_volume_claim_can_be_switched_off(helm: Path) -> None:
    """With persistence the StatefulSet claims a volume; without, it has an empty folder."""
    kept = of_kind(objects(helm), "StatefulSet")[0]["spec"]
    lost = of_kind(objects(helm, "--set=persistence.enabled=false"), "StatefulSet")[0]["spec"]

    assert ["data"] == [claim["metadata"]["name"] for claim in kept["volumeClaimTemplates"]]
    assert "volumeClaimTemplates" not in lost
    assert {"name": "data", "emptyDir": {}} in lost["template"]["spec"]["volumes"]


def test_monitors_honour_labels_only_for_findings(helm: Path) -> None:
    """Findings keep the labels of other targets; self metrics do not; both carry what Prometheus selects by."""
    assert [] == of_kind(objects(helm), "ServiceMonitor")
    found = objects(helm, f"--values={CHART / 'ci' / 'full-values.yaml'}")
    monitors = of_kind(found, "ServiceMonitor")
    endpoints = {end["path"]: end for monitor in monitors for end in monitor["spec"]["endpoints"]}

    assert {"/metrics", "/findings/metrics"} == set(endpoints)
    assert "honorLabels" not in endpoints["/metrics"]
    assert endpoints["/findings/metrics"]["honorLabels"] is True
    for monitor in monitors:
        assert "monitoring.coreos.com/v1" == monitor["apiVersion"]
        assert {"endpoints", "namespaceSelector", "selector"} == set(monitor["spec"])
        assert "kps" == monitor["metadata"]["labels"]["release"]
        wanted = monitor["spec"]["selector"]["matchLabels"].items()
        chosen = [item for item in of_kind(found, "Service") if wanted <= item["metadata"]["labels"].items()]
        assert ["aiops"] == [item["metadata"]["name"] for item in chosen]
    for end in endpoints.values():
        known = {"port", "path", "honorLabels", "interval", "scrapeTimeout", "metricRelabelings"}
        assert set(end) <= known
        assert "http" == end["port"]


def test_the_alerts_on_the_daemon_are_in_a_rule_object(helm: Path) -> None:
    """The shipped pack, word for word, with the label that Prometheus selects by; nothing unless wanted."""
    assert [] == of_kind(objects(helm), "PrometheusRule")
    (rule,) = of_kind(
        objects(helm, "--set=prometheusRule.enabled=true,prometheusRule.additionalLabels.release=kps"), "PrometheusRule"
    )

    assert "monitoring.coreos.com/v1" == rule["apiVersion"]
    assert "kps" == rule["metadata"]["labels"]["release"]
    assert yaml.safe_load((CHART.parents[1] / "rules" / "aiops-health.yaml").read_text()) == rule["spec"]


def test_packs_are_rule_objects_that_a_selector_finds(helm: Path, promtool: Path, tmp_path: Path) -> None:
    """Each family whole, with the label, and as promtool takes it; only those asked for, and none that there is not."""
    wanted = "--set=packs.enabled=true,packs.additionalLabels.release=kps"
    found = {item["metadata"]["name"]: item for item in of_kind(objects(helm, wanted), "PrometheusRule")}
    shipped = {path.stem for path in (CHART.parents[1] / "rules").glob("*.yaml")} - {"aiops-health"}

    assert {f"aiops-aiops-daemon-pack-{family}" for family in shipped} == set(found)
    for name, item in found.items():
        file = CHART.parents[1] / "rules" / f"{name.rpartition('-pack-')[2]}.yaml"
        assert "kps" == item["metadata"]["labels"]["release"]
        assert yaml.safe_load(file.read_text()) == item["spec"]
        (tmp_path / file.name).write_text(yaml.safe_dump(item["spec"]))
    told = run(promtool, "check", "rules", *map(str, tmp_path.glob("*.yaml")))
    assert 0 == told.returncode, told.stderr
    (one,) = of_kind(objects(helm, wanted, "--set=packs.families={slo}"), "PrometheusRule")
    assert "aiops-aiops-daemon-pack-slo" == one["metadata"]["name"]
    assert 0 != template(helm, wanted, "--set=packs.families={slow}").returncode


def test_the_chart_s_rules_are_those_that_are_shipped() -> None:
    """A chart holds no file from outside itself: what is in its folder is a copy, to the byte."""
    shipped = {path.name: path.read_text() for path in (CHART.parents[1] / "rules").glob("*.yaml")}

    assert shipped == {path.name: path.read_text() for path in (CHART / "rules").glob("*.yaml")}


def example(name: str) -> Any:
    """Read the example of the README that stands behind a mark."""
    text = (CHART / "README.md").read_text(encoding="utf-8")
    return yaml.safe_load(text.split(f"<!-- {name} -->\n```yaml\n")[1].split("```")[0])


def test_alertmanager_reaches_the_service_with_the_ingest_token(helm: Path, amtool: Path, tmp_path: Path) -> None:
    """As the README says it: the address is the Service's, the mounted key is that of the role `ingest`."""
    found = objects(helm)
    values = example("receiver")["alertmanager"]
    (hook,) = values["config"]["receivers"][0]["webhook_configs"]
    mounted = values["alertmanagerSpec"]["volumes"][0]["secret"]
    token = next(token for token in configuration(found)["web"]["tokens"] if token["role"] == "ingest")
    service = next(one for one in of_kind(found, "Service") if one["spec"].get("clusterIP") != "None")
    file = tmp_path / "alertmanager.yml"
    file.write_text(yaml.safe_dump({"route": {"receiver": "aiops"}, **values["config"]}))
    host = f"{service['metadata']['name']}.{service['metadata']['namespace']}"

    assert f"http://{host}:{service['spec']['ports'][0]['port']}/webhooks/alertmanager/eu1" == hook["url"]
    assert of_kind(found, "Secret")[0]["metadata"]["name"] == mounted["secretName"]
    assert [{"key": Path(token["token_file"]).name, "path": "token"}] == mounted["items"]
    assert "/etc/alertmanager/aiops/token" == hook["http_config"]["authorization"]["credentials_file"]
    assert "/etc/alertmanager/aiops" == values["alertmanagerSpec"]["volumeMounts"][0]["mountPath"]
    assert 0 == run(amtool, "check-config", str(file)).returncode


def test_the_readme_s_values_are_taken_by_the_daemon(helm: Path, tmp_path: Path) -> None:
    """The name under `alertmanagers` is the one that the webhook's address ends with."""
    values = tmp_path / "values.yaml"
    values.write_text(yaml.safe_dump(example("sender")))
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump(configuration(objects(helm, f"--values={values}"))))
    flags = Overrides(storage_url="sqlite:////data/aiops.db")
    found = inspect(file, environ={}, overrides=flags, files=False)

    assert () == found.faults
    assert found.loaded is not None
    assert ["eu1"] == [spec.name for spec in found.loaded.settings.alertmanagers]


def test_a_changed_configuration_does_not_restart_the_pod(helm: Path) -> None:
    """The daemon reloads in place, so nothing of the configuration is in the pod's template."""
    before = of_kind(objects(helm), "StatefulSet")
    after = of_kind(objects(helm, "--set=prometheus.url=http://elsewhere:9090"), "StatefulSet")

    assert before == after


@case
def test_the_rendered_configuration_loads(helm: Path, values: Path, tmp_path: Path) -> None:
    """The daemon's own loader takes the ConfigMap, with the flag that the chart sets."""
    configmap = next(
        item for item in of_kind(objects(helm, f"--values={values}"), "ConfigMap") if "config.yaml" in item["data"]
    )
    file = tmp_path / "config.yaml"
    file.write_text(configmap["data"]["config.yaml"])
    flags = Overrides(storage_url="sqlite:////data/aiops.db")
    found = inspect(file, environ={}, overrides=flags, files=False)

    assert () == found.faults
    assert found.loaded is not None
    assert len(found.loaded.settings.sources) == 1
    assert "/data" == found.loaded.settings.storage_directory


def test_the_shortcut_gives_way_to_the_configuration(helm: Path) -> None:
    """`prometheus.url` counts only while `config.prometheus` is empty."""
    short = yaml.safe_load(of_kind(objects(helm), "ConfigMap")[0]["data"]["config.yaml"])
    own = objects(helm, "--set=config.prometheus[0].name=eu1,config.prometheus[0].urls[0]=http://eu1:9090")
    whole = yaml.safe_load(of_kind(own, "ConfigMap")[0]["data"]["config.yaml"])

    assert [{"name": "prometheus", "urls": ["http://prometheus-operated:9090"]}] == short["prometheus"]
    assert [{"name": "eu1", "urls": ["http://eu1:9090"]}] == whole["prometheus"]


def configuration(found: Objects) -> dict[str, Any]:
    """Read the daemon's configuration file."""
    read = yaml.safe_load(of_kind(found, "ConfigMap")[0]["data"]["config.yaml"])
    assert isinstance(read, dict)
    return read


def test_an_install_has_tokens_of_its_own(helm: Path) -> None:
    """Two random tokens lie in a secret that an upgrade keeps, are mounted, and have the roles they need."""
    found = objects(helm)
    secret = of_kind(found, "Secret")[0]
    volumes = {volume["name"]: volume for volume in next(pods(of_kind(found, "StatefulSet")))["volumes"]}

    assert [("alertmanager", "ingest", "/tokens/alertmanager"), ("admin", "admin", "/tokens/admin")] == [
        (token["name"], token["role"], token["token_file"]) for token in configuration(found)["web"]["tokens"]
    ]
    assert {"secretName": secret["metadata"]["name"], "defaultMode": 288} == volumes["tokens"]["secret"]
    assert {"admin", "alertmanager"} == set(secret["data"])
    assert {40} == {len(base64.b64decode(value)) for value in secret["data"].values()}
    assert 2 == len(set(secret["data"].values()))
    assert "keep" == secret["metadata"]["annotations"]["helm.sh/resource-policy"]


@pytest.mark.parametrize(
    ("setting", "secret", "tokens", "anonymous"),
    [
        ("tokens.existingSecret=mine", "mine", 2, False),
        ("web.allowAnonymous=true", None, 0, True),
        ("config.web.tokens[0].name=ann,config.web.tokens[0].token_file=/secrets/ann", None, 1, False),
    ],
)
def test_tokens_may_come_from_elsewhere(
    helm: Path, setting: str, secret: str | None, tokens: int, anonymous: bool
) -> None:
    """An existing secret, tokens of the configuration, or none at all: then the chart makes no secret."""
    found = objects(helm, f"--set={setting}")
    pod = next(pods(of_kind(found, "StatefulSet")))
    mounted = [volume["secret"]["secretName"] for volume in pod["volumes"] if volume["name"] == "tokens"]

    assert [] == of_kind(found, "Secret")
    assert ([secret] if secret else []) == mounted
    assert tokens == len(configuration(found).get("web", {}).get("tokens", []))
    assert anonymous == ("--web.allow-anonymous" in pod["containers"][0]["args"])


def test_people_may_have_a_port_of_their_own(helm: Path) -> None:
    """A second listener, a second port of the container and of the service; probes and monitors stay on the first."""
    found = objects(helm, "--set=service.apiPort=80")
    container = next(pods(of_kind(found, "StatefulSet")))["containers"][0]
    service = next(each for each in of_kind(found, "Service") if each["spec"].get("clusterIP") != "None")

    assert "--web.api-listen-address=0.0.0.0:9642" in container["args"]
    assert {"http": 9641, "api": 9642} == {port["name"]: port["containerPort"] for port in container["ports"]}
    assert {"http": 9641, "api": 80} == {port["name"]: port["port"] for port in service["spec"]["ports"]}
    assert "--web.api-listen-address" not in str(objects(helm))


def test_an_install_that_nobody_could_call_is_refused(helm: Path) -> None:
    """Without tokens from anywhere the daemon would not listen; helm says so before."""
    result = template(helm, "--set=tokens.create=false")

    assert result.returncode != 0
    assert "nobody could call: set tokens.create, tokens.existingSecret" in result.stderr


def test_a_database_of_the_configuration_is_used(helm: Path) -> None:
    """With PostgreSQL the chart does not set SQLite over it, and learned state still lies on the volume."""
    found = objects(helm, "--set=config.storage.url=postgresql://aiops@db/aiops,config.storage.backups=1")
    arguments = next(pods(of_kind(found, "StatefulSet")))["containers"][0]["args"]

    assert [] == [argument for argument in arguments if argument.startswith("--storage.url")]
    assert {"url": "postgresql://aiops@db/aiops", "directory": "/data", "backups": 1} == configuration(found)["storage"]


@pytest.mark.parametrize(
    ("setting", "what"),
    [
        ("web.anonymous=true", "anonymous"),
        ("prometeus.url=http://x:9090", "prometeus"),
        ("prometheus.uri=http://x:9090", "uri"),
        ("persistence.enable=true", "enable"),
        ("image.repo=x", "repo"),
        ("serviceMonitor.labels.release=kps", "labels"),
        ("prometheusRule.labels.release=kps", "labels"),
        ("log.level=loud", "level"),
        ("prometheus.url=localhost:9090", "url"),
        ("service.port=0", "port"),
        ("terminationGracePeriodSeconds=1", "terminationGracePeriodSeconds"),
        ("replicas=2", "replicas"),
    ],
)
def test_the_schema_refuses(helm: Path, setting: str, what: str) -> None:
    """A misspelt or impossible value stops the installation, and the message names it."""
    result = template(helm, f"--set={setting}")

    assert result.returncode != 0
    assert what in result.stderr


def test_every_value_is_documented() -> None:
    """Each value of values.yaml has a comment of its own or stands under one that has."""
    documented = {row.path for row in values_table.rows()}
    undocumented = [
        path for path in leaves(yaml.safe_load((CHART / "values.yaml").read_text())) if not covered(path, documented)
    ]

    assert [] == undocumented


def test_the_readme_has_the_table() -> None:
    """The README lists every value with its default; `python tests/helm/values_table.py` renews it."""
    assert values_table.readme() == (CHART / "README.md").read_text()


def test_the_chart_is_of_this_version() -> None:
    """The chart installs the daemon that it lies beside."""
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())

    assert __version__ == chart["appVersion"]


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("serviceMonitor.enabled=false", "--set serviceMonitor.enabled=true"),
        ("serviceMonitor.enabled=true", "--set serviceMonitor.additionalLabels.release="),
        ("prometheusRule.enabled=false", "No alert tells when this daemon itself fails"),
        (
            "prometheusRule.enabled=true,serviceMonitor.additionalLabels.release=x",
            "--set prometheusRule.additionalLabels",
        ),
        ("persistence.enabled=false", "Nothing is kept: after a restart incidents are forgotten"),
        ("tokens.create=true", "get secret aiops-aiops-daemon-tokens -o jsonpath='{.data.admin}'"),
        ("service.port=81", "url: http://aiops-aiops-daemon.default:81/webhooks/alertmanager"),
        ("service.port=80", "9641:80"),
    ],
)
def test_notes_say_what_is_lacking(helm: Path, tmp_path: Path, setting: str, words: str) -> None:
    """After an install the user is told what to do next, above all why kube-prometheus-stack may ignore monitors."""
    chart = tmp_path / "aiops-daemon"
    shutil.copytree(CHART, chart)
    notes = '{{ include (print $.Template.BasePath "/NOTES.txt") . | quote }}'
    (chart / "templates" / "notes.yaml").write_text(f"kind: Notes\ntext: {notes}\n")
    result = run(helm, "template", "aiops", str(chart), f"--kube-version={KUBERNETES}", f"--set={setting}")
    found = of_kind([item for item in yaml.safe_load_all(result.stdout) if item], "Notes")

    assert words in found[0]["text"]


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Yield the dotted path of everything that is no map, or an empty one."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path


def covered(path: str, documented: set[str]) -> bool:
    """Tell whether a path or one above it is documented."""
    parts = path.split(".")
    return any(".".join(parts[: count + 1]) in documented for count in range(len(parts)))
