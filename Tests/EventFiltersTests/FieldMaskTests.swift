import EventFilters
import EventModel
import Testing

@Suite struct FieldMaskTests {
    private func spec(
        _ fields: [String], include: Bool = true, events: [Int32] = [], invert: Bool = false
    ) -> FieldFilterSpec {
        var spec = FieldFilterSpec()
        spec.fields = fields
        spec.include = include
        spec.eventSet = events
        spec.invertEventSet = invert
        return spec
    }

    /// Whether the field at a path is sent: wholly, not, or nil for some of its members.
    private func sent(_ mask: FieldMask, _ path: String, _ kind: EventKind = .processExec) -> Bool? {
        guard var level = mask.level(for: kind) else { return true }
        for name in path.split(separator: ".") {
            switch level.inclusion(of: String(name)) {
            case .all: return true
            case .none: return false
            case .some(let next): level = next
            }
        }
        return nil
    }

    @Test func includesOnlyWhatIsNamed() throws {
        let mask = try FieldMask([spec(["process.exec_id", "process.pod.name", "parent"])])
        #expect(sent(mask, "process") == nil)
        #expect(sent(mask, "process.exec_id") == true)
        #expect(sent(mask, "process.pid") == false)
        #expect(sent(mask, "process.pod.name") == true)
        #expect(sent(mask, "process.pod.uid") == false)
        #expect(sent(mask, "parent.pid") == true)
        #expect(sent(mask, "ancestors") == false)
        #expect(mask.level(for: .processExec)?.inclusion(of: "parent" as StaticString) == .all)
    }

    @Test func excludesOnlyWhatIsNamed() throws {
        let mask = try FieldMask([spec(["process.arguments", "ancestors"], include: false)])
        #expect(sent(mask, "process.arguments") == false)
        #expect(sent(mask, "process.pid") == true)
        #expect(sent(mask, "ancestors.pid") == false)
        #expect(sent(mask, "parent") == true)
    }

    @Test(arguments: [["process", "process.pid"], ["process.pid", "process"]])
    func aPathCoversWhatIsBelow(_ fields: [String]) throws {
        #expect(sent(try FieldMask([spec(fields)]), "process.binary") == true)
        #expect(sent(try FieldMask([spec(fields, include: false)]), "process.binary") == false)
    }

    @Test func appliesToItsKinds() throws {
        let mask = try FieldMask([spec(["process"], events: [1])])
        #expect(sent(mask, "parent") == false)
        #expect(mask.level(for: .processExit) == nil)
        let others = try FieldMask([spec(["process"], events: [1], invert: true)])
        #expect(others.level(for: .processExec) == nil)
        #expect(sent(others, "parent", .processExit) == false)
    }

    @Test func severalFiltersMustAllLetAFieldThrough() throws {
        let mask = try FieldMask([spec(["process"]), spec(["process.pid"], include: false)])
        #expect(sent(mask, "process.pid") == false)
        #expect(sent(mask, "process.binary") == true)
        #expect(sent(mask, "parent") == false)
        let nothing = try FieldMask([spec(["process"]), spec(["parent"])])
        #expect(sent(nothing, "process") == false)
        #expect(sent(nothing, "parent") == false)
    }

    @Test func withoutFieldsNothingChanges() throws {
        #expect(try FieldMask([]).isEmpty)
        #expect(try FieldMask([spec([]), spec([], include: false)]).isEmpty)
    }

    @Test(arguments: ["", ".", "a..b", "a.", String(repeating: "a.", count: 40) + "a"])
    func refusesPaths(_ path: String) {
        let error = #expect(throws: FilterError.self) { try FieldMask([spec([path])]) }
        #expect(error?.text == path)
        #expect(error?.description.hasSuffix("a path is names with dots between them") == true)
    }
}
