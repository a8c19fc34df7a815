/// A generated file of the repository.
public struct ReferenceFile: Sendable {
    /// Below the root of the repository.
    public let path: String
    /// The whole content, with the newline at its end.
    public let text: String

    /// All generated files: schemas, the `.proto` file, the golden lines and the reference page.
    public static func all() -> [ReferenceFile] {
        let kinds = KindDescription.all()
        return JSONSchema.files(kinds) + [
            ReferenceFile(path: "export/proto/secd-events.proto", text: ProtoFile.text(kinds)),
            ReferenceFile(path: "export/golden/events.ndjson", text: GoldenLines.text()),
            ReferenceFile(path: "docs/events.md", text: ReferencePage.text(kinds)),
        ]
    }
}
