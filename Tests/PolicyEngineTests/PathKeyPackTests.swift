import CEventABI
import PolicyCompiler
import PolicyEngine
import PolicyModel
import PolicyReference
import Testing

/// Keys of paths: what the packer writes is what component by component gives.
@Suite struct PathKeyPackTests {
    private static let hash = KeyHash(seed: PackAgreementTests.seed)
    /// Few and short, so that paths share beginnings.
    private static let names = ["a", "etc", "srv", "file-with-a-long-name-of-more-than-32-bytes", "x.so"]

    /// A path as the kernel writes it.
    private static func path(_ random: inout SeededGenerator) -> String {
        "/"
            + (0..<Int.random(in: 0...6, using: &random)).map { _ in
                names[Int.random(in: 0..<names.count, using: &random)]
            }.joined(separator: "/")
    }

    private static func components(_ path: String) -> [[UInt8]] {
        path.utf8.split(separator: UInt8(ascii: "/")).map { Array($0) }
    }

    private static func text(_ number: Int, _ operation: String, _ paths: [String]) -> String {
        """
        apiVersion: cilium.io/v1alpha1
        kind: TracingPolicy
        metadata:
          name: p\(number)
        spec:
          lsmhooks:
          - hook: file_open
            args:
            - {index: 0, type: file}
            selectors:
            - matchArgs:
              - index: 0
                operator: \(operation)
                values: [\(paths.map { "\"\($0)\"" }.joined(separator: ", "))]

        """
    }

    private static func words(_ key: secd_policy_key) -> [UInt64] { [key.hash.0, key.hash.1] }

    private static func image(_ texts: [String]) throws -> GenerationImage {
        var batch = PolicyBatch()
        for (index, text) in texts.enumerated() {
            batch.add(file: "\(index).yaml", bytes: Array(text.utf8))
        }
        try #require(!batch.hasErrors)
        return try PackAgreementTests.image(try GenerationBuilder.build(batch.policies))
    }

    @Test func aWrittenPathHasTheHashOfItsComponents() {
        var random = SeededGenerator(seed: 5)
        for _ in 0..<500 {
            let path = Self.path(&random)
            let lanes = Self.hash.components(Self.components(path))
            #expect(Self.hash.path(Array(path.utf8)) == lanes, "\(path)")
            // The beginning that is a directory has the same names.
            if path != "/" { #expect(Self.hash.path(Array((path + "/").utf8)) == lanes, "\(path)/") }
        }
    }

    @Test func wholePathsHaveTheKeysOfTheirComponents() throws {
        for seed in 0..<40 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let paths = (0..<30).map { _ in Self.path(&random) }
            let image = try Self.image([Self.text(0, "Equal", paths)])
            let lookup = image.hooks[0].tables.dimension.0.lookup
            #expect(Int32(lookup.family) == SECD_POLICY_COMPONENTS)

            let expected = Set(paths).map { path -> [UInt64] in
                let names = Self.components(path)
                return Self.words(
                    KeyHash.key(Self.hash.components(names), table: lookup.table, length: names.count))
            }
            #expect(Set(image.keys.map { Self.words($0.key) }) == Set(expected), "seed \(seed)")
            #expect(image.keys.count == expected.count)
        }
    }

    @Test func beginningsHaveTheKeysOfTheirComponents() throws {
        let image = try Self.image([Self.text(0, "Prefix", ["/etc/", "/etc/ss", "/srv/a/x"])])
        let lookup = image.hooks[0].tables.dimension.0.lookup
        let etc = Array("etc".utf8)
        let cases: [([[UInt8]], UInt32)] = [
            ([etc], 1), ([etc, Array("ss".utf8)], 3),
            ([Array("srv".utf8), Array("a".utf8), Array("x".utf8)], 3),
        ]
        let expected = cases.map { names, kind in
            Self.words(
                KeyHash.key(Self.hash.components(names), table: lookup.table + kind, length: names.count))
        }
        #expect(Set(image.keys.map { Self.words($0.key) }) == Set(expected))
        #expect(lookup.length_count == 3)
    }

    @Test func textThatNoKernelPathCanBeIsPackedAsText() throws {
        for odd in ["etc/passwd", "/etc//passwd", "/etc/passwd/"] {
            let image = try Self.image([Self.text(0, "Equal", ["/etc/shadow", odd])])
            #expect(Int32(image.hooks[0].tables.dimension.0.lookup.family) == SECD_POLICY_TEXT, "\(odd)")
        }
    }
}
