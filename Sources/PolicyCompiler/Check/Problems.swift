internal import PolicyModel
internal import YAMLReader

/// Notes what is wrong with a spec, at the places that its elements carry.
struct Problems {
    let collector: DiagnosticCollector

    func error(_ path: String, _ message: String, at place: SourcePlace, hint: @autoclosure () -> String = "")
    {
        collector.report(
            path.isEmpty ? message : "\(path): \(message)", at: YAMLNode.Range(place), hint: hint())
    }

    func warning(
        _ path: String, _ message: String, at place: SourcePlace, hint: @autoclosure () -> String = ""
    ) {
        collector.report(
            path.isEmpty ? message : "\(path): \(message)", at: YAMLNode.Range(place), severity: .warning,
            hint: hint())
    }

    func note(_ path: String, _ message: String, at place: SourcePlace, hint: @autoclosure () -> String = "")
    {
        collector.report(
            path.isEmpty ? message : "\(path): \(message)", at: YAMLNode.Range(place), severity: .note,
            hint: hint())
    }
}
