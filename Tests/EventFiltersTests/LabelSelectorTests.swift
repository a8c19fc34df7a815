import EventFilters
import Testing

@Suite struct LabelSelectorTests {
    private let labels = ["app": "web", "tier": "front", "example.com/team": "a", "empty": "", "n": "5"]

    @Test(arguments: [
        ("", true), ("app", true), ("!app", false), ("! debug", true), ("debug", false), ("app=web", true),
        ("app==web", true),
        ("app = web , tier = front", true), ("app=web,tier=back", false), ("app!=web", false),
        ("app!=db", true),
        ("missing!=x", true), ("app in (db, web)", true), ("app in (db)", false), ("app notin (db)", true),
        ("app notin (web,db)", false), ("missing notin (a)", true), ("missing in (a)", false),
        ("example.com/team=a", true),
        ("empty=", true), ("empty", true), ("empty in (,a)", true), ("n>4", true), ("n<5", false),
        ("n > 5", false), ("app>1", false),
    ])
    func selectsAsKubernetes(_ text: String, _ expected: Bool) throws {
        #expect(try LabelSelector(text).matches(labels) == expected)
    }

    @Test(arguments: [
        (",", 0), ("app,", 4), ("app=web tier", 8), ("app ~ web", 4), ("app in web", 7), ("app in (a", 9),
        ("!", 1), ("-a=b", 0),
        ("a=-b", 2), ("a/b/c", 0), ("app!web", 4), ("a>x", 2), ("app in (a))", 10),
    ])
    func refusesWithAPosition(_ text: String, _ position: Int) {
        let error = #expect(throws: FilterError.self) { try LabelSelector(text) }
        #expect(error?.position == position, "\(error?.description ?? "")")
    }
}
