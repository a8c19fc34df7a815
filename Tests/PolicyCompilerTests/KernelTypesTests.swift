import Foundation
import PolicyCompiler
import PolicyModel
import Synchronization
import Testing

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

    // MARK: Modules

    @Test("the types of a module stand on those of the kernel")
    func modules() throws {
        let types = try BTFKernelTypes(
            release: "t", bytes: BTFBlob.sample, modules: FixedModules(["overlay": BTFBlob.module]))

        let function = try #require(types.function("ovl_open"))
        let module = try #require(types.module("overlay"))
        let own = try #require(module.structure("ovl"))

        #expect(function.module == "overlay")
        #expect(function.parameters.map(\.name) == ["it", "how"])
        #expect(function.parameters.map(\.type.text) == ["struct ovl *", "enum kind"])
        #expect(module.words(of: function) == [0..<1, 1..<2])
        #expect(module.member([.member("value"), .member("value")], of: own).found?.argumentType == .int32)
        #expect(module.layout(of: "depth", in: own)?.offsets == [8])
        #expect(module.layout(of: "value.value", in: function.parameters[0].type)?.offsets == [0, 0])
        #expect(module.structure("outer") != nil && module.function("open_it")?.module == "")
        #expect(types.structure("ovl") == nil && types.module("nowhere") == nil)
        #expect(types.function("ovl_close") == nil)
    }

    @Test("a function that several modules have is none of them, and damaged modules have none")
    func severalModules() throws {
        let types = try BTFKernelTypes(
            release: "t", bytes: BTFBlob.sample,
            modules: FixedModules(["overlay": BTFBlob.module, "other": BTFBlob.module]))
        #expect(types.function("ovl_open") == nil)
        #expect(types.module("other")?.function("ovl_open")?.module == "other")

        let damaged = try BTFKernelTypes(
            release: "t", bytes: BTFBlob.sample,
            modules: FixedModules(["overlay": Array(BTFBlob.module.dropLast())]))
        #expect(damaged.function("ovl_open") == nil && damaged.module("overlay") == nil)
    }

    @Test("modules come and go")
    func changingModules() throws {
        let modules = FixedModules([:])
        let types = try BTFKernelTypes(release: "t", bytes: BTFBlob.sample, modules: modules)
        #expect(types.function("ovl_open") == nil)

        modules.files.withLock { $0 = ["overlay": BTFBlob.module] }
        #expect(types.function("ovl_open")?.module == "overlay")

        modules.files.withLock { $0 = ["renamed": BTFBlob.module] }
        #expect(types.function("ovl_open")?.module == "renamed" && types.module("overlay") == nil)
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
