import Configuration
import EventFilters
import YAMLReader

/// `events.redact` as expressions.
enum RedactionRules {
    /// Compiles what the configuration says; each expression that does not compile is a problem of the configuration.
    static func compile(_ configuration: AgentConfiguration) -> (
        rules: [CaptureRegex], problems: [Diagnostic]
    ) {
        var rules: [CaptureRegex] = []
        var problems: [Diagnostic] = []
        for (item, pattern) in configuration.events.redact.enumerated() {
            do throws(FilterError) {
                rules.append(try CaptureRegex(pattern, field: "expression"))
            } catch {
                problems.append(
                    configuration.problem(
                        "events.redact", item: item, error.description,
                        hint: "RE2 syntax, like --password[= ](\\S+)"))
            }
        }
        return (rules, problems)
    }
}
