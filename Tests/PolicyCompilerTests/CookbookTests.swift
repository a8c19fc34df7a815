import Foundation
import PolicyCompiler
import PolicyModel
import Testing
import YAMLReader

/// The policies of docs/cookbook.md, as a reader would paste them.
@Suite struct CookbookTests {
    private static let page = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "docs/cookbook.md")

    /// A block of the page, and the line that it begins at.
    struct Recipe: CustomTestStringConvertible {
        var line: Int
        var text: String
        var testDescription: String { "line \(line)" }
    }

    private static let recipes: [Recipe] = {
        guard let text = try? String(contentsOf: page, encoding: .utf8) else { return [] }
        var recipes: [Recipe] = []
        var block: Recipe?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line == "```yaml" {
                block = Recipe(line: index + 2, text: "")
            } else if line == "```", let done = block {
                recipes.append(done)
                block = nil
            } else {
                block?.text += line + "\n"
            }
        }
        return recipes
    }()

    private static let vmlinux = FileManager.default.contents(atPath: "/sys/kernel/btf/vmlinux")

    private static func check(_ recipe: Recipe, _ settings: CheckSettings = CheckSettings()) -> PolicyBatch {
        var batch = PolicyBatch(settings)
        batch.add(file: "cookbook.md", bytes: Array(recipe.text.utf8))
        return batch
    }

    private static func findings(_ batch: PolicyBatch) -> [String] {
        batch.files.flatMap { file in file.diagnostics.map { $0.rendered(in: file.source) } }
    }

    @Test func thePageHasARecipeForEachRowOfItsTable() throws {
        let lines = try String(contentsOf: Self.page, encoding: .utf8).split(separator: "\n")
        let rows = lines.filter { $0.hasPrefix("| ") && $0.contains("](#") }
        let headings = lines.filter { $0.hasPrefix("## ") }
        #expect(rows.count == 17 && headings.count == 17)
        for (row, heading) in zip(rows, headings) {
            // A heading's link, as code forges make it: lower case, letters, digits and hyphens.
            let anchor = heading.dropFirst(3).lowercased().filter {
                $0.isLetter || $0.isNumber || $0 == "-" || $0 == " "
            }.replacing(" ", with: "-")
            #expect(row.contains("](#\(anchor))"), "\(heading)")
        }
        // One recipe has a second policy, for kernels without LSM.
        #expect(Self.recipes.count == 18)
    }

    @Test(arguments: recipes)
    func aRecipeIsAPolicyWithoutAnythingToSay(_ recipe: Recipe) throws {
        let batch = Self.check(recipe)

        #expect(Self.findings(batch) == [])
        #expect(batch.policies.count == 1)
        #expect(try !batch.generation().hooks.isEmpty)
    }

    @Test func recipesCanBeUsedTogether() throws {
        var batch = PolicyBatch()
        for recipe in Self.recipes { batch.add(file: "\(recipe.line)", bytes: Array(recipe.text.utf8)) }

        #expect(Self.findings(batch) == [])
        #expect(Set(batch.policies.map(\.name)).count == Self.recipes.count)
    }

    @Test(.enabled(if: vmlinux != nil, "/sys/kernel/btf/vmlinux is not here"))
    func theRunningKernelHasWhatTheyName() throws {
        let types = try BTFKernelTypes(release: "running", bytes: Array(try #require(Self.vmlinux)))
        for recipe in Self.recipes {
            #expect(Self.findings(Self.check(recipe, CheckSettings(kernel: types))) == [], "\(recipe.line)")
        }
    }
}
