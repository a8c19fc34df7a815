import PolicyCompiler
import PolicyModel
import Testing

/// Places in programs: where functions and probes are in the file, and what a broken file leads to.
@Suite struct ProgramTests {
    private func function(_ name: String, _ program: SampleProgram) throws -> [ProgramSite] {
        try ELFImage(program).sites(of: .uprobe(path: "/bin/app", location: .symbol(name)))
    }

    private func obstacle(_ point: AttachPoint, _ program: SampleProgram) -> ProgramObstacle? {
        do throws(ProgramObstacle) {
            _ = try ELFImage(program).sites(of: point)
            return nil
        } catch {
            return error
        }
    }

    private func obstacle(_ name: String, _ program: SampleProgram) -> ProgramObstacle? {
        obstacle(.uprobe(path: "/bin/app", location: .symbol(name)), program)
    }

    // MARK: Functions

    @Test("a function is found at its offset in the file, not at its address")
    func functions() throws {
        let program = SampleProgram(symbols: [
            .init(name: "main", address: 0x401100), .init(name: "domain", address: 0x401200),
            .init(name: "helper", address: 0x401300, isLocal: true),
            .init(name: "versioned@@APP_1.0", address: 0x401400),
            .init(name: "_start", address: 0x401500, kind: 0),
        ])

        #expect(try function("main", program) == [ProgramSite(offset: 0x1100)])
        #expect(try function("helper", program) == [ProgramSite(offset: 0x1300)])
        #expect(try function("versioned", program) == [ProgramSite(offset: 0x1400)])
        #expect(try function("_start", program) == [ProgramSite(offset: 0x1500)])
    }

    @Test("linkers let a name be the end of another: it is found there")
    func sharedNames() throws {
        var program = SampleProgram(symbols: [
            .init(name: "read", address: 0x401100), .init(name: "thread", address: 0x401200),
        ])
        // `read` becomes the end of `thread`, 8 bytes into the names.
        let table = 0x2000 + 24
        program.bytes[table] = 8

        #expect(try function("read", program) == [ProgramSite(offset: 0x1100)])
        #expect(try function("thread", program) == [ProgramSite(offset: 0x1200)])
    }

    @Test("what is no function of this file is refused, with what may be meant")
    func missingFunctions() {
        let program = SampleProgram(symbols: [
            .init(name: "SSL_write", address: 0x401100), .init(name: "table", address: 0x402000, kind: 1),
            .init(name: "other", address: 0, isForeign: true),
            .init(name: "memcpy", address: 0x401000, kind: 10),
            .init(name: "same", address: 0x401200, isLocal: true),
            .init(name: "same", address: 0x401300, isLocal: true),
        ])

        #expect(
            obstacle("SSL_wrte", program)
                == ProgramObstacle(
                    .place, "it has no function \"SSL_wrte\"", hint: "did you mean \"SSL_write\"?"))
        #expect(obstacle("table", program)?.reason == "it has no function \"table\"")
        #expect(obstacle("other", program)?.reason == "it has no function \"other\"")
        #expect(
            obstacle("memcpy", program)?.reason
                == "the code of \"memcpy\" is chosen when the program starts (IFUNC)")
        #expect(
            obstacle("same", program)
                == ProgramObstacle(
                    .place, "2 functions are called \"same\"", hint: "addrs: one of 0x401200, 0x401300"))
    }

    @Test("offsets and addresses must be code")
    func numbers() throws {
        let program = SampleProgram()
        func sites(_ location: ProbeLocation) throws -> [ProgramSite] {
            try ELFImage(program).sites(of: .uprobe(path: "/bin/app", location: location, counterOffset: 7))
        }

        #expect(try sites(.address(0x401010)) == [ProgramSite(offset: 0x1010, counterOffset: 7)])
        #expect(try sites(.offset(0x1010)) == [ProgramSite(offset: 0x1010, counterOffset: 7)])
        for location in [
            ProbeLocation.offset(0x1800), .offset(0x10), .offset(.max), .address(0x402000), .address(0),
        ] {
            #expect(throws: ProgramObstacle.self) { try sites(location) }
        }
    }

    // MARK: USDT probes

    @Test("a probe stands at each place where the compiler has put it, with the arguments of that place")
    func probes() throws {
        let program = SampleProgram(probes: [
            .init(name: "start", address: 0x401010, counter: 0x402010, arguments: "-4@%edi 8@$5"),
            .init(name: "stop"),
            .init(name: "start", address: 0x401020, counter: 0x402010, arguments: "-4@-8(%rbp) 8@%rax"),
        ])

        let sites = try ELFImage(program).sites(of: .usdt(path: "/bin/app", provider: "app", name: "start"))

        #expect(sites.map(\.offset) == [0x1010, 0x1020])
        #expect(sites.map(\.counterOffset) == [0x1810, 0x1810])
        #expect(
            sites.map(\.arguments) == [
                UsdtArgument.parse("-4@%edi 8@$5"), UsdtArgument.parse("-4@-8(%rbp) 8@%rax"),
            ])
        #expect(
            obstacle(.usdt(path: "/bin/app", provider: "app", name: "strat"), program)
                == ProgramObstacle(
                    .place, "it has no probe \"app:strat\"", hint: "did you mean \"app:start\"?"))
        #expect(
            obstacle(.usdt(path: "/bin/app", provider: "app", name: "x"), SampleProgram())?.reason
                == "it offers no USDT probes")
    }

    @Test("notes of a program that a tool has moved are read where it is now")
    func movedNotes() throws {
        let program = SampleProgram(
            probes: [.init(name: "start", address: 0x301010, base: 0x200000, counter: 0x302010)],
            stapBase: 0x300000)

        let sites = try ELFImage(program).sites(of: .usdt(path: "/bin/app", provider: "app", name: "start"))

        #expect(sites.map(\.offset) == [0x1010])
        #expect(sites.map(\.counterOffset) == [0x1810])
    }

    @Test(arguments: [
        ("4@$7", 4, false, UsdtArgument.Origin.constant(7)), ("-8@$-1", 8, true, .constant(.max)),
        ("8@%rax", 8, false, .register(ProgramRegister("rax")!)),
        ("-1@%dil", 1, true, .register(ProgramRegister("dil")!)),
        ("2@%r9w", 2, false, .register(ProgramRegister("r9w")!)),
        (
            "8@-16(%rbp)", 8, false,
            .memory(base: ProgramRegister("rbp")!, index: nil, scale: 1, offset: -16)
        ),
        ("-4@(%rsp)", 4, true, .memory(base: ProgramRegister("rsp")!, index: nil, scale: 1, offset: 0)),
        (
            "4@0x10(%rax,%rbx,8)", 4, false,
            .memory(base: ProgramRegister("rax")!, index: ProgramRegister("rbx")!, scale: 8, offset: 16)
        ),
        (
            "4@(%rax,%rbx)", 4, false,
            .memory(base: ProgramRegister("rax")!, index: ProgramRegister("rbx")!, scale: 1, offset: 0)
        ),
    ])
    func argument(_ text: String, _ size: Int, _ isSigned: Bool, _ origin: UsdtArgument.Origin) {
        #expect(UsdtArgument.parse(text) == [UsdtArgument(size: size, isSigned: isSigned, origin: origin)])
    }

    @Test(
        "arguments that cannot be read keep their places",
        arguments: [
            "8f@%xmm0", "4@counter(%rip)", "4@%ah", "3@%eax", "4", "@%eax", "4@", "4@()", "4@(%eax)",
            "4@1(%rax,%rbx,3)", "4@(%rax,%rbx,2,1)", "4@$x", "4@%nothing", "4@(%rax",
        ])
    func unreadableArgument(_ text: String) {
        let parsed = UsdtArgument.parse("4@%eax " + text + " 8@%rbx")
        #expect(parsed.count == 3)
        guard case .unknown = parsed[1].origin else {
            Issue.record("\(text) was read as \(parsed[1].origin)")
            return
        }
    }

    @Test("registers stand where the kernel saves them")
    func registers() {
        #expect(ProgramRegister("r15")?.position == 0)
        #expect(ProgramRegister("%eax") == ProgramRegister("eax"))
        #expect(ProgramRegister("rax")?.position == 80 && ProgramRegister("al")?.size == 1)
        #expect(ProgramRegister("rdi")?.position == 112 && ProgramRegister("rsp")?.position == 152)
        #expect(ProgramRegister("cs")?.size == 8 && ProgramRegister("ah") == nil)
    }

    // MARK: Files

    @Test("the build id stands in a note")
    func buildID() throws {
        #expect(try ELFImage(SampleProgram(buildID: [1, 2, 3])).buildID() == [1, 2, 3])
        #expect(try ELFImage(SampleProgram()).buildID() == [])
    }

    @Test(arguments: [
        ([], "is no ELF file"), (Array("#!/bin/sh\n".utf8), "is no ELF file"),
        (
            [0x7f, 0x45, 0x4c, 0x46, 1, 1] + [UInt8](repeating: 0, count: 58),
            "is no 64-bit little-endian ELF file"
        ),
        (
            [0x7f, 0x45, 0x4c, 0x46, 2, 1] + [UInt8](repeating: 0, count: 20),
            "is an ELF file that is cut off"
        ),
    ])
    func otherFiles(_ bytes: [UInt8], _ reason: String) {
        do throws(ProgramObstacle) {
            _ = try ELFImage(SampleProgram(bytes: bytes))
            Issue.record("it was taken")
        } catch {
            #expect(error == ProgramObstacle(.file, reason))
        }
    }

    /// Nothing but an answer may come of it: no crash, no loop, no more memory than the limits say.
    @Test("20,000 damaged files are read or refused")
    func damaged() {
        let sound = SampleProgram(
            symbols: (0..<20).map { .init(name: "function\($0)", address: 0x401000 + 16 * $0) },
            probes: [.init(name: "start", counter: 0x402010, arguments: "-4@%edi 8@-16(%rbp)")],
            buildID: [1, 2, 3, 4], stapBase: 0x400000)
        var random = SystemRandomNumberGenerator()
        var answers = 0
        for _ in 0..<20_000 {
            var program = sound
            if Bool.random(using: &random) {
                program.bytes.removeLast(Int.random(in: 0..<0x2400, using: &random))
            }
            for _ in 0..<Int.random(in: 1...8, using: &random) where !program.bytes.isEmpty {
                // Headers, symbols and notes, not the code.
                let isHead = Bool.random(using: &random)
                let at =
                    isHead
                    ? Int.random(in: 0..<232, using: &random)
                    : Int.random(in: 0x2000..<0x2c00, using: &random)
                guard at < program.bytes.count else { continue }
                program.bytes[at] = [0, 1, 0x7f, 0x80, 0xff].randomElement(using: &random) ?? 0
            }
            guard let image = try? ELFImage(program) else {
                answers += 1
                continue
            }
            _ = try? image.sites(of: .uprobe(path: "", location: .symbol("function7")))
            _ = try? image.sites(of: .usdt(path: "", provider: "app", name: "start"))
            _ = image.buildID()
            _ = image.typeInformation()
            answers += 1
        }
        #expect(answers == 20_000)
    }
}
