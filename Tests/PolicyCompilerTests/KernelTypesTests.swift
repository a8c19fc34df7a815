import Foundation
import PolicyCompiler
import PolicyModel
import Testing

/// A BTF blob made by hand.
enum BTFBlob {
    /// `struct outer { struct { struct file *inner; }; int numbers[4]; }`, `struct file { int value; }`,
    /// `int open_it(struct outer *it, enum kind how)`, and `set_it`, which takes structures of 16 and 24 bytes.
    static let sample: [UInt8] = {
        var strings: [UInt8] = [0]
        var places: [String: UInt32] = ["": 0]
        func name(_ text: String) -> UInt32 {
            if let known = places[text] { return known }
            places[text] = UInt32(strings.count)
            strings += Array(text.utf8) + [0]
            return places[text] ?? 0
        }
        var types: [UInt32] = []
        func type(_ text: String, _ kind: UInt32, _ count: UInt32, _ value: UInt32, _ payload: [UInt32] = [])
        {
            types += [name(text), kind << 24 | count, value] + payload
        }
        type("int", 1, 0, 4, [1 << 24 | 32])  // 1
        type("file", 4, 1, 4, [name("value"), 1, 0])  // 2
        type("", 2, 0, 2)  // 3: struct file *
        type("", 4, 1, 8, [name("inner"), 3, 0])  // 4: anonymous
        type("", 3, 0, 0, [1, 1, 4])  // 5: int[4]
        type("outer", 4, 2, 24, [0, 4, 0, name("numbers"), 5, 64])  // 6
        type("", 2, 0, 6)  // 7: struct outer *
        type("kind", 6, 1, 4, [name("FIRST"), 0])  // 8
        type("", 13, 2, 1, [name("it"), 7, name("how"), 8])  // 9
        type("open_it", 12, 0, 9)  // 10
        type("pair", 4, 0, 16)  // 11
        type("large", 4, 0, 24)  // 12
        type(
            "", 13, 6, 1,
            [name("a"), 1, name("b"), 11, name("c"), 7, name("d"), 12, name("e"), 1, name("f"), 11])  // 13
        type("set_it", 12, 0, 13)  // 14
        let body = types.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } }
        let header: [UInt32] = [
            0x0001_eb9f, 24, 0, UInt32(body.count), UInt32(body.count), UInt32(strings.count),
        ]
        return header.flatMap { word in (0..<4).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) } } + body
            + strings
    }()
}

@Suite struct KernelTypesTests {
    @Test func prototypesAreRead() throws {
        let types = try BTFKernelTypes(release: "t", bytes: BTFBlob.sample)
        let function = try #require(types.function("open_it"))
        #expect(function.parameters.map(\.name) == ["it", "how"])
        #expect(function.parameters.map(\.type.text) == ["struct outer *", "enum kind"])
        #expect(function.result.argumentType == .int32)
        #expect(types.function("close_it") == nil)
    }

    @Test func structuresByValueShiftWhatStandsBehindThem() throws {
        let types = try BTFKernelTypes(release: "t", bytes: BTFBlob.sample)
        let opens = try #require(types.function("open_it"))
        #expect(types.words(of: opens) == [0..<1, 1..<2])
        // Sixteen bytes take two registers, twenty-four none, and the last two words find one register only.
        let sets = try #require(types.function("set_it"))
        #expect(types.words(of: sets) == [0..<1, 1..<3, 3..<4, nil, 4..<5, nil])
    }

    @Test func membersAreFoundThroughPointersArraysAndAnonymousStructures() throws {
        let types = try BTFKernelTypes(release: "t", bytes: BTFBlob.sample)
        let outer = try #require(types.structure("outer"))
        #expect(types.member([.member("inner"), .member("value")], of: outer).found?.argumentType == .int32)
        #expect(types.member([.member("inner")], of: outer).found?.argumentType == .file)
        #expect(types.member([.member("numbers"), .element(3)], of: outer).found?.argumentType == .int32)
        #expect(
            types.member([.member("numbers"), .element(4)], of: outer)
                == .failed(step: 1, reason: "the array has 4 elements", known: []))
        #expect(
            types.member([.member("iner")], of: outer)
                == .failed(
                    step: 0, reason: "struct outer has no member \"iner\"", known: ["numbers", "inner"]))
    }

    @Test func whatIsNoTypeInformationIsRefusedWithAReason() {
        for bytes in [[], [UInt8](repeating: 0, count: 24), Array(BTFBlob.sample.dropLast())] {
            #expect(throws: BTFKernelTypes.Failure.self) { try BTFKernelTypes(release: "t", bytes: bytes) }
        }
    }

    @Test func fieldsOfTracepointsAreRead() throws {
        let format = """
            name: sys_enter_openat
            format:
            \tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;
            \tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;

            \tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;
            \tfield:unsigned long args[6];\toffset:16;\tsize:48;\tsigned:0;

            print fmt: "field:no"
            """
        let types = try BTFKernelTypes(
            release: "t", bytes: BTFBlob.sample,
            tracepointFormat: { _, event in event == "there" ? .text(format) : .absent })
        guard case .fields(let fields) = types.tracepoint("any", "there") else {
            Issue.record("no fields")
            return
        }
        #expect(fields.map(\.name) == ["common_type", "common_pid", "filename", "args"])
        #expect(fields.prefix(3).map(\.type.argumentType) == [.uint16, .int32, .string])
        #expect(types.tracepoint("any", "gone") == .absent)
    }

    static let vmlinux = FileManager.default.contents(atPath: "/sys/kernel/btf/vmlinux")

    @Test(.enabled(if: vmlinux != nil, "this kernel gives no type information (/sys/kernel/btf/vmlinux)"))
    func theRunningKernelIsUnderstood() throws {
        let types = try BTFKernelTypes(release: "running", bytes: Array(try #require(Self.vmlinux)))
        let open = try #require(types.function("security_file_open"))
        #expect(open.parameters.first?.type.argumentType == .file)
        #expect(open.result.argumentType == .int32)
        let task = try #require(types.structure("task_struct"))
        let path: [MemberStep] = [.member("mm"), .member("exe_file"), .member("f_path"), .member("dentry")]
        #expect(types.member(path, of: task).found?.argumentType == .dentry)
        #expect(
            types.member([.member("cred"), .member("uid"), .member("val")], of: task).found?.argumentType
                == .uint32)
        #expect(types.rawTracepoint("sched_process_exec")?.parameters.count == 3)
    }
}

extension MemberLookup {
    var found: KernelType? { if case .found(let type) = self { type } else { nil } }
}
