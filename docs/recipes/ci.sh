#!/usr/bin/env bash
# Judges a library in any CI: ./ci.sh BACKEND [DEVIATIONS]
#
# DEVIATIONS is what is known to fail and does not count: a file, `shipped`, or `none`.
# The reports are written to $REPORTS (reports), whatever the verdict; to be kept as artifacts.
# Ends with the exit code of the run: 0 if the library conforms, 1 if it does not, 2 for wrong
# usage, 3 for a broken adapter, 4 for a run that is incomplete.
set -euo pipefail

backend=${1:?name a backend, such as mylib_adapter:backend}
deviations=${2:-none}
reports=${REPORTS:-reports}

mkdir -p "$reports"
tensorpact smoke "$backend"

verdict=0
tensorpact run "$backend" --budget "${BUDGET:-standard}" --deviations "$deviations" \
    -o "$reports/report.jsonl" || verdict=$?

if [[ -s $reports/report.jsonl ]]; then
    for form in markdown:md junit:xml html:html badge:json; do
        tensorpact report "$reports/report.jsonl" \
            --format "${form%:*}" -o "$reports/report.${form#*:}"
    done
fi
exit "$verdict"
