# The fixed evaluator of Throughline guardrails. It is never generated: rules are data.
#
#   conftest test change.json --policy policy --data data
#
# Three-valued: a leaf is surely true, surely false, or neither (unknown). An unknown match is
# reported and never enforced; an unknown requirement is not met, unless the rule says skip.
package main

import rego.v1

rules := data.guardrails.rules

facts := data.guardrails.facts

now_ns := data.guardrails.now_ns if data.guardrails.now_ns

now_ns := time.now_ns() if not data.guardrails.now_ns

raw(field) := object.get(input, facts[field].path, null)

safe(v) if {
	is_number(v)
	v <= 9007199254740992
	v >= -9007199254740992
}

kind_ok("boolean", v) if is_boolean(v)

kind_ok("integer", v) if {
	safe(v)
	v == floor(v)
}

kind_ok("number", v) if safe(v)

kind_ok("text", v) if is_string(v)

kind_ok("choice", v) if {
	is_string(v)
	v != "unknown"
}

kind_ok("text_list", v) if {
	is_array(v)
	every item in v { is_string(item) }
}

kind_ok("instant", v) if {
	is_string(v)
	regex.match(data.guardrails.instant, v)
}

known(field) if {
	v := raw(field)
	v != null
	kind_ok(facts[field].kind, v)
}

texts(v) := [v] if is_string(v)

texts(v) := v if is_array(v)

like(v, patterns) if {
	some text in texts(v)
	some pattern in patterns
	regex.match(pattern, text)
}

compare("eq", v, value) if v == value

compare("ne", v, value) if v != value

compare("in", v, value) if v in value

compare("notIn", v, value) if not v in value

compare("gte", v, value) if v >= value

compare("lte", v, value) if v <= value

compare("gt", v, value) if v > value

compare("lt", v, value) if v < value

compare("contains", v, value) if value in v

compare("anyGlob", v, value) if like(v, value)

compare("noneGlob", v, value) if not like(v, value)

compare("window", v, value) if {
	ns := time.parse_rfc3339_ns(v)
	[hour, minute, _] := time.clock([ns, value.tz])
	minutes := (hour * 60) + minute
	minutes >= value.start
	minutes < value.end
	time.weekday([ns, value.tz]) in value.days
}

surely(leaf) if {
	leaf.want
	leaf.op == "exists"
	known(leaf.field)
}

surely(leaf) if {
	not leaf.want
	leaf.op == "exists"
	raw(leaf.field) == null
}

surely(leaf) if {
	leaf.want
	leaf.op != "exists"
	known(leaf.field)
	compare(leaf.op, raw(leaf.field), leaf.value)
}

surely(leaf) if {
	not leaf.want
	leaf.op != "exists"
	known(leaf.field)
	not compare(leaf.op, raw(leaf.field), leaf.value)
}

any_term(terms) if {
	some term in terms
	every leaf in term { surely(leaf) }
}

other_subject(rule) if {
	input.subject == "deploy"
	rule.subject == "change"
}

other_subject(rule) if {
	input.subject == "change"
	rule.subject == "deploy"
}

excepted(rule) if {
	some item in rule.exceptions
	now_ns < item.expires_ns
	any_term(item.applies)
}

met(requirement) if surely(object.union(requirement.check, {"want": true}))

not_met(requirement) if surely(object.union(requirement.check, {"want": false}))

violated(requirement) if not_met(requirement)

violated(requirement) if {
	not met(requirement)
	not not_met(requirement)
	requirement.on_unknown == "violate"
}

state(rule) := "not_applicable" if {
	other_subject(rule)
} else := "not_applicable" if {
	any_term(rule.excluded)
} else := "unknown" if {
	not any_term(rule.applies)
} else := "excepted" if {
	excepted(rule)
} else := "violation" if {
	some requirement in rule.require
	violated(requirement)
} else := "pass" if {
	some requirement in rule.require
	met(requirement)
} else := "unknown"

outcomes[rule.id] := state(rule) if some rule in rules

findings contains {"rule": rule.id, "mode": rule.mode, "msg": msg} if {
	some rule in rules
	state(rule) == "violation"
	some requirement in rule.require
	violated(requirement)
	msg := sprintf("%s: %s (%s)", [rule.id, requirement.message, requirement.control])
}

deny contains finding.msg if {
	some finding in findings
	finding.mode == "enforce"
}

warn contains finding.msg if {
	some finding in findings
	finding.mode != "enforce"
}

exception contains [rule.id] if {
	some rule in rules
	state(rule) == "excepted"
}
