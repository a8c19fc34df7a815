import EventFilters
import Testing

/// Filters on what a process runs in: pods, containers without pods, units, and the host.
@Suite struct WorkloadFilterTests {
    private static func line(_ process: String) -> String {
        "{\"process_exec\":{\"process\":{\"exec_id\":\"a\",\"pid\":1,\(process)\"binary\":\"/bin/true\"}}}"
    }

    private static let pod = line(
        """
        "pod":{"namespace":"shop","name":"web-1","container":{"id":"containerd://00ff","name":"nginx"},\
        "pod_labels":{"app":"web"}},"docker":"00ff",\
        "workload":{"kind":"container","id":"00ff","name":"nginx","labels":{"tier":"edge"}},
        """)
    private static let container = line(
        """
        "docker":"11ee","workload":{"kind":"container","id":"11ee","name":"web","labels":{"app":"web"}},
        """)
    private static let unit = line(
        """
        "workload":{"kind":"unit","id":"web.service","name":"web.service","unit":"web.service"},
        """)
    private static let host = line("")

    /// Which of the four lines pass.
    private func passing(_ change: (inout FilterSpec) -> Void) throws -> [String] {
        var spec = FilterSpec()
        change(&spec)
        let filter = try EventFilter(spec)
        let lines = [
            ("pod", Self.pod), ("container", Self.container), ("unit", Self.unit), ("host", Self.host),
        ]
        return try lines.filter { filter.matches(try JSONEvent($0.1.utf8)) }.map(\.0)
    }

    @Test func podsByNameAndContainersOutsideOfPods() throws {
        #expect(try passing { $0.podRegex = ["web"] } == ["pod", "container"])
        #expect(try passing { $0.podRegex = ["^shop/web"] } == ["pod"])
        #expect(try passing { $0.podRegex = ["other/web"] } == [])
        #expect(try passing { $0.podRegex = [".*"] } == ["pod", "container"])
    }

    @Test func containersByName() throws {
        #expect(try passing { $0.containerNameRegex = ["nginx"] } == ["pod"])
        #expect(try passing { $0.containerNameRegex = ["^web$"] } == ["container"])
    }

    @Test func labelsOfThePodElseOfTheContainer() throws {
        #expect(try passing { $0.labels = ["app=web"] } == ["pod", "container"])
        #expect(try passing { $0.labels = ["tier=edge"] } == [])
        #expect(try passing { $0.labels = ["app!=web"] } == [])
    }

    @Test func workloadsOfAnyKind() throws {
        #expect(try passing { $0.workloadRegex = ["web"] } == ["container", "unit"])
        #expect(try passing { $0.workloadRegex = ["^unit/"] } == ["unit"])
        #expect(try passing { $0.workloadRegex = [".*"] } == ["pod", "container", "unit"])
    }

    @Test func units() throws {
        #expect(try passing { $0.unitRegex = ["web"] } == ["unit"])
        #expect(try passing { $0.unitRegex = ["nginx"] } == [])
    }

    @Test func namespaces() throws {
        #expect(try passing { $0.namespace = ["shop"] } == ["pod"])
        #expect(try passing { $0.namespace = [""] } == ["container", "unit", "host"])
    }
}
