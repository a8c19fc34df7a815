import CEventABI
import EventModel
import EventReference
import TestSupport
import Testing

/// The rules of Tetragon's JSON (protojson with proto names), which users' tools rely on.
@Suite struct ProcessTests {
    @Test func numbersWhoseZeroMattersAreThereAtZero() throws {
        var sample = SampleImage.plain()
        sample.head.loginuid = 0
        sample.head.tid = 0
        let process = try execJSON(sample)
        #expect(process.at("pid")?.integer == 100)
        #expect(process.at("uid")?.integer == 0)
        #expect(process.at("auid")?.integer == 0)
        #expect(process.at("tid")?.integer == 0)
        #expect(process.at("in_init_tree") == .bool(false))
        for name in ["uid", "gid", "euid", "egid", "suid", "sgid", "fsuid", "fsgid"] {
            #expect(process.at("process_credentials.\(name)")?.integer == 0)
        }
    }

    @Test func whatIsEmptyIsLeftOut() throws {
        let process = try execJSON(.plain())
        #expect(
            process.keys == [
                "exec_id", "pid", "uid", "cwd", "binary", "flags", "start_time", "auid", "tid",
                "in_init_tree", "cap", "ns",
                "process_credentials", "binary_properties", "argv", "process_start_time",
            ])
        #expect(process.at("cap") == .object([:]))
        #expect(process.at("binary_properties") == .object([:]))
    }

    @Test func numbersOf64BitsAreStrings() throws {
        var sample = SampleImage.plain()
        sample.head.cgroup_id = .max
        sample.head.binary_inode = secd_inode(
            number: 1 << 63, ctime_ns: 0, device: 1, generation: 0, links: 0, mode: 0o100755, uid: 0, gid: 0,
            size: 1)
        let process = try execJSON(sample)
        #expect(process.at("cgroup.id")?.text == "18446744073709551615")
        #expect(process.at("binary_properties.file.inode.number")?.text == "9223372036854775808")
        #expect(process.at("binary_properties.file.inode.size")?.text == "1")
        #expect(process.at("binary_properties.file.inode.links")?.integer == 0)
        #expect(process.at("binary_properties.file.inode.mode")?.text == "100755")
        #expect(process.at("binary_deleted") == .bool(true))
    }

    /// base64 of `node:start:pid`.
    @Test func theExecIDNamesNodeStartAndPid() throws {
        var sample = SampleImage.plain()
        sample.head.parent = secd_image(start_ns: 7, pid: 1, reserved: 0)
        let process = try execJSON(sample)
        #expect(process.at("exec_id")?.text == "bm9kZToxMDAwMDAwMDAwOjEwMA==")
        #expect(process.at("parent_exec_id")?.text == "bm9kZTo3OjE=")
        #expect(process.at("start_time")?.text == "2023-11-14T22:13:21.000000000Z")
    }

    @Test(arguments: [
        (SECD_IMAGE_EXECVE, "execve"), (SECD_IMAGE_EXECVE | SECD_IMAGE_CLONE, "execve clone"),
        (SECD_IMAGE_SEEDED | SECD_IMAGE_INIT_TREE, "procFS inInitTree"), (SECD_IMAGE_CLONE, "clone"),
        (SECD_IMAGE_EXECVE | SECD_IMAGE_ARGV_FAULT, "execve errorArgs"),
        (SECD_IMAGE_SEEDED | SECD_IMAGE_KERNEL_THREAD, "procFS kernelThread"),
    ])
    func flagsAreTetragonsWords(_ flags: UInt32, _ words: String) throws {
        var sample = SampleImage.plain()
        sample.head.flags = flags
        #expect(try execJSON(sample).at("flags")?.text == words)
    }

    @Test(arguments: [("/", "execve rootcwd"), ("", "execve nocwd"), ("/tmp", "execve")])
    func flagsTellAboutTheWorkingDirectory(_ cwd: String, _ words: String) throws {
        let sample = SampleImage(pid: 1, start: 1, binary: "/bin/a", cwd: cwd)
        #expect(try execJSON(sample).at("flags")?.text == words)
    }

    @Test func privilegesAreNamed() throws {
        var sample = SampleImage.plain()
        sample.head.flags |= SECD_IMAGE_SETUID | SECD_IMAGE_FILE_CAPS
        sample.head.credentials.euid = 0
        sample.head.credentials.securebits = 1 | 1 << 5
        sample.head.credentials.permitted = 1 << 1 | 1 << 21 | 1 << 40 | 1 << 63
        sample.head.credentials.bounding = 0xabc
        let process = try execJSON(sample)
        #expect(process.at("binary_properties.setuid")?.integer == 0)
        #expect(process.at("binary_properties.setgid") == nil)
        #expect(
            process.at("binary_properties.privileges_changed")?.elements?.map(\.text)
                == ["PRIVILEGES_RAISED_EXEC_FILE_SETUID", "PRIVILEGES_RAISED_EXEC_FILE_CAP"])
        #expect(
            process.at("cap.permitted")?.elements?.map(\.text)
                == ["DAC_OVERRIDE", "CAP_SYS_ADMIN", "CAP_CHECKPOINT_RESTORE", "CAP_UNKNOWN"])
        #expect(process.at("cap.effective") == nil)
        #expect(process.at("cap.bounding_mask")?.text == "0xabc")
        #expect(
            process.at("process_credentials.securebits")?.elements?.map(\.text)
                == ["SecBitNoRoot", "SecBitKeepCapsLocked"])
    }

    @Test func namespacesAreComparedWithThoseOfPid1() throws {
        var sample = SampleImage.plain()
        sample.head.namespaces.net = 6
        sample.head.namespaces.uts = 77
        let process = try execJSON(sample)
        #expect(
            process.at("ns")
                == .object([
                    "net": .object(["inum": .number("6"), "is_host": .bool(true)]),
                    "uts": .object(["inum": .number("77")]),
                ]))
    }

    @Test func aScriptIsToldWithItsInterpreter() throws {
        var sample = SampleImage.plain()
        sample.head.flags |= SECD_IMAGE_SCRIPT
        sample.filename = Array("/tmp/run.sh".utf8)
        sample.interpreter = Array("/bin/sh".utf8)
        let process = try execJSON(sample)
        #expect(
            process.at("script")
                == .object(["path": .string("/tmp/run.sh"), "interpreter": .string("/bin/sh")]))
        #expect(process.at("filename") == nil)
    }

    @Test func theEnvironmentIsNamesAndValues() throws {
        var sample = SampleImage.plain()
        sample.environment = Array("A=1\0B=x=y\0\0C\0D=\0".utf8)
        let variables = try #require(try execJSON(sample).at("environment_variables")?.elements)
        #expect(variables.map { $0["Key"]?.text } == ["A", "B", "C", "D"])
        #expect(variables.map { $0["Value"]?.text } == ["1", "x=y", nil, nil])
    }

    @Test func parentsAndAncestorsHaveTheirForms() throws {
        let context = makeContext()
        var parent: ProcessObject?
        for pid in UInt32(1)...5 {
            parent = SampleImage(pid: pid, start: UInt64(pid), binary: "/bin/\(pid)", cwd: "/w").object(
                context, parent: parent)
        }
        let line = try json(makeEvent(.processExec, parent), context)
        #expect(line.at("process_exec.parent.pid")?.integer == 4)
        #expect(line.at("process_exec.parent.cwd")?.text == "/w")
        #expect(line.at("process_exec.parent.cap") == nil)
        #expect(line.at("process_exec.ancestors")?.elements?.map { $0["pid"]?.integer } == [3, 2, 1])
        #expect(line.at("process_exec.ancestors.0")?.keys == ["exec_id", "pid", "binary", "start_time"])
        #expect(line.at("process_exec.process.parent_exec_id") == line.at("process_exec.parent.exec_id"))
        #expect(line.at("process_exec.parent.parent_exec_id") == line.at("process_exec.ancestors.0.exec_id"))
    }

    @Test func aChangeShowsInTheNextEncoding() throws {
        let context = makeContext()
        let object = SampleImage.plain().object(context)
        let event = makeEvent(.processExit, object, .exit(secd_exit()))
        #expect(try json(event, context).at("process_exit.process.uid")?.integer == 0)
        object.update { $0.head.credentials.euid = 33 }
        #expect(try json(event, context).at("process_exit.process.uid")?.integer == 33)
        #expect(object.dropEncodings() > 0)
        #expect(try json(event, context).at("process_exit.process.uid")?.integer == 33)
    }
}
