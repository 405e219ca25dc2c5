# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0
#
# Reads what guest-check prints, as it comes, and counts TAP lines. A program's
# exit status alone proves nothing: it counts only beside what the lines said.

# Sourced by check, which sets `kernel` and `logs`.
# shellcheck disable=SC2154,SC2034

# Totals of everything read so far.
passed=0 failed=0 skipped=0

# skip_reason KERNEL PROGRAM TEST: the reason why this skip is allowed.
skip_reason() {
	awk -v kernel="$1" -v test="$2:$3" '
		/^#/ || NF < 3 { next }
		$1 == test && ($2 == kernel || $2 == "*") { $1 = $2 = ""; print; exit }
	' "$top/selftests/skip-allowed"
}

# A failing test is shown with what its program said since the last result.
show_failure() {
	local line
	printf '\n    FAILED %s\n' "$1"
	for line in ${said[@]+"${said[@]}"}; do
		printf '      %s\n' "$line"
	done
}

tap_fail() {
	p_failed=$((p_failed + 1))
	show_failure "$1"
	said=()
}

tap_skip() {
	local name=$1 why=$2
	if [ "$(skip_reason "$kernel" "$program" "$name")" ]; then
		p_skipped=$((p_skipped + 1))
	else
		tap_fail "$name: skipped (${why:-no reason given}), and not listed in selftests/skip-allowed"
	fi
}

# tap_result LINE: "ok 3 name", "not ok 3 name", "ok 3 name # SKIP why".
tap_result() {
	local line=$1 name
	name=${line#not }
	name=${name#ok }
	name=${name#"${name%%[!0-9]*}"}
	name=${name# }
	name=${name#- }
	p_seen=$((p_seen + 1))
	case $line in
	"not ok "*) tap_fail "${name%% #*}" ;;
	*"# SKIP"*)
		why=${name#*# SKIP}
		name=${name%%# SKIP*}
		tap_skip "${name% }" "${why# }"
		;;
	*) p_passed=$((p_passed + 1)) ;;
	esac
	said=()
}

program_begin() {
	program=$1
	p_plan='' p_seen=0 p_passed=0 p_failed=0 p_skipped=0 p_start=$SECONDS
	said=()
	printf '  %-6s %-28s' "$kernel" "$program"
	: >"$logs/$program.tap"
}

# program_end STATUS: the tests that it promised must all have been seen.
program_end() {
	local status=$1
	case $status in
	124) status="124: its time ran out" ;;
	esac
	if [ -z "$p_plan" ]; then
		tap_fail "$program printed no plan (exit status $status)"
	elif [ "$p_seen" != "$p_plan" ]; then
		tap_fail "$program ended after $p_seen of $p_plan tests (exit status $status)"
	elif [ "$status" != 0 ] && [ "$p_failed" = 0 ] && [ "$p_skipped" = 0 ]; then
		tap_fail "$program passed each test but exited with $status"
	fi
	[ "$p_failed" = 0 ] || printf '  %-6s %-28s' "$kernel" "$program"
	printf '%4d passed %3d failed %3d skipped %4d s\n' \
		"$p_passed" "$p_failed" "$p_skipped" $((SECONDS - p_start))
	passed=$((passed + p_passed))
	failed=$((failed + p_failed))
	skipped=$((skipped + p_skipped))
	program=''
}

# A table is worth reading even when all is well: programs listed with `show`
# have their diagnostics printed, but not the harness's own.
show_line() {
	case $1 in
	"# "*RUN\ * | "# "*OK\ \ * | "# Starting "* | "# Totals"* | "# PASSED"* | "# FAILED"*) ;;
	"#"*) printf '\n    %s' "${1#\#}"; shown=yes ;;
	esac
}

# read_tap: one guest's output from stdin. Leaves `program` set when the guest
# went away in the middle of it, and `finished` when it came to its end.
# Returns 1 when the guest was silent past a program's limit.
read_tap() {
	local line status limit=180
	program='' finished='' shown=''
	while true; do
		status=0
		IFS= read -r -t "$limit" line || status=$?
		[ $status -le 128 ] || return 1
		[ $status = 0 ] || return 0
		line=${line%$'\r'}
		[ -z "$program" ] || printf '%s\n' "$line" >>"$logs/$program.tap"
		case $line in
		"@begin "*)
			program_begin "${line#@begin }"
			limit=$(($(program_limit "$program") + 20))
			;;
		"@end "*)
			[ -z "$shown" ] || printf '\n  %-6s %-28s' "$kernel" "$program"
			shown=''
			program_end "${line##* }"
			;;
		"@done") finished=yes ;;
		[0-9]*..[0-9]*) p_plan=${line#*..} p_plan=${p_plan%% *} ;;
		"ok "* | "not ok "*) tap_result "$line" ;;
		"TAP version"*) ;;
		*)
			said+=("$line")
			! program_shown "$program" || show_line "$line"
			;;
		esac
	done
}
