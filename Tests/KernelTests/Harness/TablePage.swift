import Foundation
import Glibc
import Testing

/// A measured table of docs/effects.md: a section for each kernel that is documented.
struct TablePage {
    /// What its sections are called, before the kernel.
    var title: String
    /// Titles of its columns.
    var columns: [String]

    static let effects = TablePage(
        title: "Effects",
        columns: [
            "what is done", "mechanism", "call", "status says", "effect", "the caller sees the result",
        ])
    static let standIns = TablePage(
        title: "Stand-ins", columns: ["function", "met by", "what it sees otherwise"])

    /// The guests of the vm tier have it at the same path.
    private static let path = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../../docs/effects.md").standardized.path

    /// `Effects, Linux 6.12`
    private var section: String {
        let release = Kernel.readText("/proc/sys/kernel/osrelease").split(separator: ".")
        return "\(title), Linux " + release.prefix(2).joined(separator: ".")
    }

    /// Compares lines with the section of this kernel; `SECD_WRITE_DOCS=1` writes it. A kernel that has no
    /// section is not documented, and nothing is compared.
    func check(_ lines: [String]) throws {
        let text = Kernel.readText(Self.path)
        guard !text.isEmpty else { return print("docs/effects.md is not here") }
        var sections = text.components(separatedBy: "\n## ")
        let index = sections.firstIndex { $0.hasPrefix(section + "\n") }
        if Kernel.environment("SECD_WRITE_DOCS") == "1" {
            let head = [
                "| \(columns.joined(separator: " | ")) |", "|" + columns.map { _ in "---|" }.joined(),
            ]
            let table = "\(section)\n\n" + (head + lines).joined(separator: "\n")
            if let index { sections[index] = table } else { sections.append(table) }
            let page = sections.map { $0.trimmingCharacters(in: .newlines) }.joined(separator: "\n\n## ")
            return try (page + "\n").write(toFile: Self.path, atomically: true, encoding: .utf8)
        }
        guard let index else { return print("docs/effects.md has no section \(section)") }
        let known = sections[index].split(separator: "\n").filter { $0.hasPrefix("| ") }.dropFirst()
        #expect(
            Set(known.map(String.init)) == Set(lines),
            "docs/effects.md is not current: SECD_WRITE_DOCS=1 swift test -c release --filter KernelTests")
    }
}
