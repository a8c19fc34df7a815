import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing

@Suite struct FileTests {
    private func file(_ operation: Int32, _ change: (inout secd_file) -> Void = { _ in }) throws -> JSONValue
    {
        let context = makeContext()
        var record = secd_file()
        record.operation = UInt32(operation)
        record.source = UInt32(SECD_FILE_SOURCE_KERNEL)
        (record.uid, record.gid) = (.max, .max)
        change(&record)
        let kind = try #require(FileEvent.kind(of: record))
        let event = FileEvent(record: record, path: Array("/etc/passwd".utf8), target: Array("/x".utf8))
        return try #require(try json(makeEvent(kind, nil, .file(event)), context).at("\(kind.name).file"))
    }

    @Test(
        arguments: [
            (SECD_FILE_OPEN_WRITE, UInt32(0o1), "O_WRONLY"),
            (SECD_FILE_OPEN_WRITE, 0o2002, "O_RDWR|O_APPEND"),
            (SECD_FILE_CREATE, 0o1301, "O_WRONLY|O_CREAT|O_EXCL|O_TRUNC"),
            (SECD_FILE_CREATE, 0o20200002, "O_RDWR|O_TMPFILE"),
            (SECD_FILE_MAP_EXEC, 5, "PROT_READ|PROT_EXEC"),
            (SECD_FILE_MAP_EXEC, 7, "PROT_READ|PROT_WRITE|PROT_EXEC"),
            (SECD_FILE_DELETE, 7, nil),
        ] as [(Int32, UInt32, String?)])
    func flagsAreWords(_ operation: Int32, _ flags: UInt32, _ expected: String?) throws {
        #expect(try file(operation) { $0.flags = flags }.at("flags")?.text == expected)
    }

    @Test(
        arguments: [
            (SECD_FILE_CHMOD, UInt32(0o104755), "04755"), (SECD_FILE_CHMOD, 0, "00"),
            (SECD_FILE_CREATE, 0o100600, "0600"),
            (SECD_FILE_RENAME, 0o777, nil),
        ] as [(Int32, UInt32, String?)])
    func modesAreOctal(_ operation: Int32, _ mode: UInt32, _ expected: String?) throws {
        #expect(try file(operation) { $0.mode = mode }.at("mode")?.text == expected)
    }

    @Test func anOwnerThatStaysIsLeftOut() throws {
        let event = try file(SECD_FILE_CHOWN) { $0.uid = 0 }
        #expect(event.at("uid")?.integer == 0)
        #expect(event.at("gid") == nil)
        #expect(try file(SECD_FILE_CHMOD) { $0.uid = 0 }.at("uid") == nil)
    }

    @Test(
        arguments: [
            (Int32(0), nil, nil), (3, nil, nil), (-13, -13, "EACCES"), (-9999, -9999, "EOTHER"),
            (Int32.min, Int(Int32.min), "EOTHER"),
        ] as [(Int32, Int?, String?)])
    func failuresAreNamed(_ result: Int32, _ number: Int?, _ name: String?) throws {
        let event = try file(SECD_FILE_DELETE) { $0.result = result }
        #expect(event.at("result")?.integer == number)
        #expect(event.at("error")?.text == name)
    }

    @Test func theSourceOfThePathIsSaid() throws {
        #expect(try file(SECD_FILE_RENAME).at("source")?.text == "kernel")
        let user = try file(SECD_FILE_RENAME) {
            $0.source = UInt32(SECD_FILE_SOURCE_USER)
            $0.target.flags = SECD_PATH_TRUNCATED
        }
        #expect(user.at("source")?.text == "user")
        #expect(user.at("path_flags")?.text == "target:truncated")
        #expect(user.at("target")?.text == "/x")
    }

    @Test(
        arguments: [
            (SECD_FILE_OPEN_WRITE, EventKind.fileOpen), (SECD_FILE_CREATE, .fileCreate),
            (SECD_FILE_DELETE, .fileDelete),
            (SECD_FILE_RENAME, .fileRename), (SECD_FILE_LINK, .fileLink), (SECD_FILE_CHMOD, .fileChmod),
            (SECD_FILE_CHOWN, .fileChown), (SECD_FILE_MAP_EXEC, .fileMap), (0, nil), (99, nil),
        ] as [(Int32, EventKind?)])
    func recordsHaveTheirKind(_ operation: Int32, _ kind: EventKind?) {
        var record = secd_file()
        record.operation = UInt32(operation)
        #expect(FileEvent.kind(of: record) == kind)
    }
}
