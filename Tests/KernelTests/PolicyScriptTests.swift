import Glibc
import Testing

extension KernelSuite {
    /// `#!` files in filters on programs.
    @Suite("scripts of policies", .serialized) struct PolicyScriptTests {
        let folder = TemporaryFolder()
        private var live: LivePolicies { .shared }

        private var interpreter: String { folder / "interpreter" }

        /// A script that ends with a code, after other commands.
        private func script(_ name: String, _ code: Int, _ commands: String = ":") throws -> String {
            if !Kernel.exists(interpreter) { _ = try folder.copy("/bin/sh", as: "interpreter") }
            return try folder.script(name, "#!\(interpreter)\n\(commands)\nexit \(code)\n")
        }

        /// Ends of the scripts, with a filter that holds for certain.
        private func ends(_ index: Int, _ filter: String) -> String {
            PolicySample.hook(
                PolicySelectors.name(index), "sys_exit_group", [(0, "int")],
                selector:
                    "{matchArgs: [{index: 0, operator: InRange, values: [\"65:69\"]}], \(filter), "
                    + "onUnknown: mismatch}")
        }

        private func code(_ event: CapturedEvent) -> Int { event.body["args"][0]["int_arg"].number }

        @Test("a script counts beside its interpreter, for the process, those above it and those below it")
        func names() throws {
            let inner = try script("inner", 66)
            let outer = try script("outer", 65, inner)
            let (own, above) = ("matchBinaries: [{operator:", "matchParentBinaries: [{operator:")
            let cases: [PolicySelectors.Case<Int>] = [
                ("\(own) In, values: [\(outer)]}]", [65]),
                ("\(own) In, values: [\(inner), /bin/none]}]", [66]),
                ("\(own) In, values: [\(interpreter)]}]", [66, 65]),
                ("\(own) NotIn, values: [\(outer)]}]", [66]),
                ("\(own) NotIn, values: [\(interpreter)]}]", []),
                ("\(own) NotIn, values: [/bin/none]}]", [66, 65]),
                ("\(own) Prefix, values: [\(folder / "out")]}]", [65]),
                ("\(own) NotPrefix, values: [\(folder / "out")]}]", [66]),
                ("\(own) Postfix, values: [/inner]}]", [66]),
                ("\(own) NotPostfix, values: [/inner]}]", [65]),
                // Two filters: one is met by the script, the other by the interpreter.
                (
                    "\(own) In, values: [\(outer)]}, {operator: In, values: [\(interpreter)]}]", [65]
                ),
                (
                    "\(own) In, values: [\(interpreter)]}, {operator: NotIn, values: [\(outer)]}]", [66]
                ),
                ("\(own) In, values: [\(outer)], followChildren: true}]", [66, 65]),
                ("\(above) In, values: [\(outer)]}]", [66]),
                ("\(above) NotIn, values: [\(outer)]}]", [65]),
                ("matchAncestorBinaries: [{operator: In, values: [\(outer)]}]", [66]),
            ]
            try live.run(cases.enumerated().map { ends($0, $1.filters) })

            let events = try live.events(ofAll: [.exec(outer)])

            PolicySelectors.check(cases, events, code)
            #expect(events.count == 2)
        }

        @Test("a name is made absolute; children of a script run it, too, until they execute something else")
        func places() throws {
            let inner = try script("inner", 66, "(:; exit 67)")
            let shell = "cd \(folder.path) && ././/inner; /bin/sh -c 'exit 68'; exit 69"
            let outer = try script("outer", 65, shell.replacing("exit 69", with: ":"))
            let cases: [PolicySelectors.Case<Int>] = [
                ("matchBinaries: [{operator: In, values: [\(inner)]}]", [67, 66]),
                ("matchBinaries: [{operator: In, values: [\(outer)]}]", [65]),
                ("matchBinaries: [{operator: NotIn, values: [\(inner), \(outer)]}]", [68]),
                ("matchParentBinaries: [{operator: In, values: [\(inner)]}]", [67]),
                ("matchParentBinaries: [{operator: In, values: [\(outer)]}]", [66, 68]),
            ]
            try live.run(cases.enumerated().map { ends($0, $1.filters) })

            let events = try live.events(ofAll: [.exec(outer)])

            PolicySelectors.check(cases, events, code)
        }

        @Test("a script that is given as a descriptor is known by its path")
        func descriptors() throws {
            let given = try script("given", 66)
            let cases: [PolicySelectors.Case<Int>] = [
                ("matchBinaries: [{operator: In, values: [\(given)]}]", [66]),
                ("matchBinaries: [{operator: NotIn, values: [\(given)]}]", []),
            ]
            try live.run(cases.enumerated().map { ends($0, $1.filters) })

            let events = try live.events(ofAll: [.exec(by: "exec-fd", given)])

            PolicySelectors.check(cases, events, code)
        }

        @Test("a name with .. may lead through a link: neither In nor NotIn is certain")
        func unknown() throws {
            _ = try script("inner", 66)
            let crooked = "\(folder.path)/../\(folder.path.split(separator: "/").last ?? "")/inner"
            let cases: [PolicySelectors.Case<Int>] = [
                ("matchBinaries: [{operator: In, values: [\(folder / "inner")]}]", []),
                ("matchBinaries: [{operator: NotIn, values: [\(folder / "inner")]}]", []),
                ("matchBinaries: [{operator: In, values: [\(interpreter)]}]", [66]),
            ]
            try live.run(cases.enumerated().map { ends($0, $1.filters) })

            let events = try live.events(ofAll: [.exec(crooked)])

            PolicySelectors.check(cases, events, code)
        }
    }
}
