#!/usr/bin/env bash
# Compares every scenario with what it was at the base, and fails when a condition is true.
#
#   BASE       what to compare with: a commit, branch or tag that the clone has (fetch-depth: 0)
#   CAPPLAN    the binary [capplan]
#   SCENARIOS  which files, as patterns of the shell [scenarios/*.yaml]
#   FAIL_ON    conditions that must not come true, one a line [slo]
#   FLAGS      further flags of capplan, such as --max-requests 500000 []
#   RESULTS    folder for the results in every format [capacity]
#
# The tables go to the log; on GitHub also annotations, and Markdown to the summary of the step. Ends
# with 1 when a condition is true, with 2 when something could not be read.
set -euo pipefail

capplan=${CAPPLAN:-capplan}
results=${RESULTS:-capacity}
summary=${GITHUB_STEP_SUMMARY:-/dev/null}
: "${BASE:?is not set: a commit to compare with}"
base=$(git merge-base "$BASE" HEAD) || {
    echo "capacity: $BASE has no history in common with HEAD; is the clone shallow?" >&2
    exit 2
}
base=${base:0:12}
mkdir -p "$results"

read -ra flags <<<"${FLAGS:-}"
fail_on=()
while IFS= read -r condition; do
    [ -z "$condition" ] || fail_on+=(--fail-on "$condition")
done <<<"${FAIL_ON:-slo}"

shopt -s nullglob
# Patterns are split and expanded here.
# shellcheck disable=SC2206
scenarios=(${SCENARIOS:-scenarios/*.yaml})
[ ${#scenarios[@]} -gt 0 ] || { echo "capacity: no scenario is there" >&2; exit 2; }

worst=0
for scenario in "${scenarios[@]}"; do
    to=$results/$(echo "${scenario%.yaml}" | tr / -)
    exports=(--export "json=$to.json" --export "markdown=$to.md" --export "junit=$to.xml"
        --export "github=$to.github")
    code=0
    if git cat-file -e "$base:./$scenario" 2>/dev/null; then
        "$capplan" diff "$base:./$scenario" "$scenario" "${fail_on[@]}" "${flags[@]}" \
            "${exports[@]}" || code=$?
    else
        # It is new: there is nothing to compare with.
        "$capplan" phases "$scenario" "${flags[@]}" "${exports[@]}" || code=$?
    fi
    if [ "$code" -gt 1 ]; then
        worst=$code
        echo "capacity: $scenario could not be compared (exit code $code)" | tee -a "$summary" >&2
        continue
    fi
    [ "$worst" -gt 0 ] || worst=$code
    cat "$to.md" >>"$summary"
    [ -z "${GITHUB_ACTIONS:-}" ] || cat "$to.github"
done
exit "$worst"
