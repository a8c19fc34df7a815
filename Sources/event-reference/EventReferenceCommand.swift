import EventReference
import Foundation

/// Writes the generated files of the event reference into the repository: run after a change of the
/// event descriptions, from the root of the repository or with it as the only argument.
@main struct EventReferenceCommand {
    static func main() throws {
        let root = URL(filePath: CommandLine.arguments.dropFirst().first ?? ".")
        for file in ReferenceFile.all() {
            let place = root.appending(path: file.path)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try file.text.write(to: place, atomically: true, encoding: .utf8)
        }
    }
}
