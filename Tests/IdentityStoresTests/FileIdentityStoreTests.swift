import Foundation
import IdentityStores
import SecurityIdentity
import Testing

@Suite struct FileIdentityStoreTests {
    private func set(_ text: String) throws -> LabelSet {
        try LabelSet([#require(Label(parsing: text))])
    }

    private func binding(_ number: UInt32, _ text: String) throws -> IdentityBinding {
        IdentityBinding(NumericIdentity(rawValue: number), try set(text))
    }

    /// What a new start reads.
    private func content(_ folder: Folder) -> [UInt32: String] {
        content(FileIdentityStore(directory: folder.path))
    }

    private func content(_ store: FileIdentityStore) -> [UInt32: String] {
        var content: [UInt32: String] = [:]
        store.open { content[$0.number.rawValue] = $0.labels.key }
        return content
    }

    @Test func whatIsClaimedIsThereAfterARestart() throws {
        let folder = Folder()
        let store = FileIdentityStore(directory: folder.path)
        #expect(content(store).isEmpty)
        #expect(try store.claim(binding(256, "k8s:app=web")).rawValue == 256)
        #expect(try store.claim(binding(257, "k8s:app=db")).rawValue == 257)
        // Once more is nothing new; a number that has labels is not given to others.
        let length = folder.bytes("identities").count
        #expect(try store.claim(binding(256, "k8s:app=web")).rawValue == 256)
        #expect(folder.bytes("identities").count == length)
        #expect(throws: IdentityStoreError.taken) { try store.claim(binding(256, "k8s:app=new")) }
        #expect(try store.remove(binding(257, "k8s:app=db")))
        #expect(content(folder) == [256: "k8s:app=web;"])
        #expect(folder.names == ["identities"])
        let attributes = try FileManager.default.attributesOfItem(atPath: folder.path + "/identities")
        #expect(attributes[.posixPermissions] as? Int == 0o600)
    }

    /// Killed at any byte of a write: what was there before is there, and the next claim is kept.
    @Test func aWriteThatWasCutOffAtAnyByteLosesNothingElse() throws {
        let folder = Folder()
        let store = FileIdentityStore(directory: folder.path)
        #expect(content(store).isEmpty)
        var ends: [Int: [UInt32: String]] = [folder.bytes("identities").count: [:]]
        var expected: [UInt32: String] = [:]
        for (number, text) in [(UInt32(256), "k8s:app=web"), (257, "k8s:app=db"), (258, "container:x=ü")] {
            _ = try store.claim(binding(number, text))
            expected[number] = text + ";"
            ends[folder.bytes("identities").count] = expected
        }
        _ = try store.remove(binding(257, "k8s:app=db"))
        expected[257] = nil
        let whole = folder.bytes("identities")
        ends[whole.count] = expected
        for length in 0...whole.count {
            let cut = Folder()
            cut.write("identities", Array(whole[..<length]))
            let known = ends.filter { $0.key <= length }.max { $0.key < $1.key }?.value ?? [:]
            let again = FileIdentityStore(directory: cut.path)
            #expect(content(again) == known, "\(length) bytes")
            #expect(again.problem == nil)
            #expect(try again.claim(binding(999, "k8s:app=late")).rawValue == 999)
            #expect(content(cut) == known.merging([999: "k8s:app=late;"]) { $1 }, "\(length) bytes")
            #expect(cut.names == ["identities"])
        }
    }

    @Test func damageIsToldAndWhatStandsBeforeItIsKept() throws {
        let folder = Folder()
        let store = FileIdentityStore(directory: folder.path)
        #expect(content(store).isEmpty)
        _ = try store.claim(binding(256, "k8s:app=web"))
        let first = folder.bytes("identities").count
        _ = try store.claim(binding(257, "k8s:app=db"))
        _ = try store.claim(binding(258, "k8s:app=new"))
        let whole = folder.bytes("identities")
        for place in first..<whole.count {
            let damaged = Folder()
            var bytes = whole
            bytes[place] ^= 0x55
            damaged.write("identities", bytes)
            let again = FileIdentityStore(directory: damaged.path)
            let known = content(again)
            #expect(known[256] == "k8s:app=web;", "byte \(place)")
            #expect(known.allSatisfy { [256: "k8s:app=web;", 257: "k8s:app=db;"][$0.key] == $0.value })
            _ = try again.claim(binding(999, "k8s:app=late"))
            #expect(content(damaged) == known.merging([999: "k8s:app=late;"]) { $1 })
        }
        var bytes = whole
        bytes[first + 10] ^= 1
        folder.write("identities", bytes)
        let again = FileIdentityStore(directory: folder.path)
        #expect(content(again) == [256: "k8s:app=web;"])
        #expect(
            again.problem
                == "\(folder.path)/identities was damaged from byte \(first) on: 1 identities were read, a copy is \(folder.path)/identities.damaged"
        )
        #expect(folder.bytes("identities.damaged") == bytes)
    }

    @Test func aFileOfSomebodyElseIsSetAside() throws {
        let folder = Folder()
        folder.write("identities", Array("hello, I am no store\n".utf8))
        let store = FileIdentityStore(directory: folder.path)
        #expect(content(store).isEmpty)
        #expect(store.problem?.contains("damaged from byte 0") == true)
        #expect(folder.bytes("identities.damaged") == Array("hello, I am no store\n".utf8))
        _ = try store.claim(binding(256, "k8s:app=web"))
        #expect(content(folder) == [256: "k8s:app=web;"])
    }

    @Test func theFileDoesNotGrowWithoutEnd() throws {
        let folder = Folder()
        let store = FileIdentityStore(directory: folder.path)
        #expect(content(store).isEmpty)
        _ = try store.claim(binding(256, "k8s:app=stays"))
        let long = String(repeating: "x", count: 8000)
        for round in 0..<200 as Range<UInt32> {
            let one = try binding(300 + round, "k8s:app=\(round)\(long)")
            _ = try store.claim(one)
            _ = try store.remove(one)
        }
        #expect(folder.bytes("identities").count < 600_000)
        #expect(folder.names == ["identities"])
        #expect(content(folder) == [256: "k8s:app=stays;"])
        _ = try store.claim(binding(257, "k8s:app=after"))
        #expect(content(folder) == [256: "k8s:app=stays;", 257: "k8s:app=after;"])
    }

    /// A new file that was being written when the daemon was killed.
    @Test func anUnfinishedReplacementIsRemoved() throws {
        let folder = Folder()
        let store = FileIdentityStore(directory: folder.path)
        #expect(content(store).isEmpty)
        _ = try store.claim(binding(256, "k8s:app=web"))
        folder.write("identities.new", [1, 2, 3])
        #expect(content(folder) == [256: "k8s:app=web;"])
        #expect(folder.names == ["identities"])
    }

    @Test func withoutADirectoryNothingIsClaimedUntilItIsThere() throws {
        let folder = Folder()
        let path = folder.path + "/state"
        let store = FileIdentityStore(directory: path)
        #expect(content(store).isEmpty)
        #expect(store.problem?.hasPrefix("cannot read \(path)/identities: ") == true)
        #expect(throws: IdentityStoreError.self) { try store.claim(binding(256, "k8s:app=web")) }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        #expect(try store.claim(binding(256, "k8s:app=web")).rawValue == 256)
        #expect(store.problem == nil)
    }

    @Test func theAllocatorOnAFileGivesTheSameNumbersAfterARestart() throws {
        let folder = Folder()
        var numbers: [NumericIdentity] = []
        for run in 0..<3 {
            var allocator = IdentityAllocator(FileIdentityStore(directory: folder.path))
            let order = run == 1 ? [2, 1, 0] : [0, 1, 2]
            var found = [NumericIdentity](repeating: NumericIdentity(.initial), count: 3)
            for item in order { found[item] = allocator.assign(UInt64(item), try set("k8s:app=\(item)")) }
            if run == 0 { numbers = found }
            #expect(found == numbers)
        }
    }
}
