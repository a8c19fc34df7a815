import EventReference

/// The schema of the events as the sources have it now: for live lines, too.
public enum EventSchema {
    private static let validator: SchemaValidator = {
        var documents: [String: JSONValue] = [:]
        for file in ReferenceFile.all() where file.path.hasPrefix("export/schema/") {
            documents[String(file.path.dropFirst("export/schema/".count))] = try? JSONValue(file.text)
        }
        return SchemaValidator(documents)
    }()

    /// What is wrong with a line of the event stream; empty = nothing.
    public static func problems(ofLine line: String) -> [String] {
        do {
            return validator.problems(of: try JSONValue(line), by: "event.schema.json")
        } catch {
            return ["\(error)"]
        }
    }
}
