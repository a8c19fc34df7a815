import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing

/// Paths are the host's; what the process itself sees stands beside them where it differs.
@Suite struct PathTests {
    /// Host path, where the process's root lies in it, what the process sees.
    @Test(
        arguments: [
            ("/srv/jail/bin/sh", UInt16(9), "/bin/sh"),
            ("/srv/jail", 9, "/"),  // the root itself
            ("/bin/sh", 0, nil),
            ("/", 1, nil),
            ("/bin/sh", UInt16(SECD_PATH_OUTSIDE), nil),
            ("", 5, nil),
            ("/a/b", 2, "/b"),
        ] as [(String, UInt16, String?)])
    func aChangedRootShowsASecondPath(_ host: String, _ root: UInt16, _ inside: String?) throws {
        var sample = SampleImage(pid: 9, start: 9, binary: host, cwd: host)
        sample.head.binary.root = root
        sample.head.cwd.root = root
        let process = try execJSON(sample)
        #expect(process.at("binary")?.text == (host.isEmpty ? nil : host))
        #expect(process.at("binary_in_root")?.text == inside)
        #expect(process.at("cwd_in_root")?.text == inside)

        var record = secd_file()
        record.operation = UInt32(SECD_FILE_DELETE)
        record.path = secd_path(length: UInt16(host.utf8.count), root: root, flags: 0)
        let context = makeContext()
        let file = FileEvent(record: record, path: Array(host.utf8), target: [])
        let line = try json(makeEvent(.fileDelete, nil, .file(file)), context)
        #expect(line.at("file_delete.file.path_in_root")?.text == inside)
    }

    @Test(
        arguments: [
            (UInt32(0), UInt16(0), nil, ""),
            (SECD_PATH_TRUNCATED, 0, "binary:truncated", " errorPathResolutionBinary"),
            (
                SECD_PATH_UNREADABLE | SECD_PATH_DETACHED, 0, "binary:unreadable binary:detached",
                " errorPathResolutionBinary"
            ),
            (SECD_PATH_DELETED, 0, "binary:deleted", ""),
            (0, UInt16(SECD_PATH_OUTSIDE), "binary:outsideRoot", ""),
        ] as [(UInt32, UInt16, String?, String)])
    func whatIsUnsureIsSaid(_ flags: UInt32, _ root: UInt16, _ expected: String?, _ words: String) throws {
        var sample = SampleImage.plain()
        sample.head.binary.flags = flags
        sample.head.binary.root = root
        let process = try execJSON(sample)
        #expect(process.at("path_flags")?.text == expected)
        #expect(process.at("flags")?.text == "execve" + words)
    }

    @Test func aRelativeFilenameIsKept() throws {
        var sample = SampleImage.plain()
        #expect(try execJSON(sample).at("filename") == nil)
        sample.filename = Array("../bin/ls".utf8)
        #expect(try execJSON(sample).at("filename")?.text == "../bin/ls")
    }
}
