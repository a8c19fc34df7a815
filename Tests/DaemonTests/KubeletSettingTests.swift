import Testing

extension DaemonSuite {
    /// Settings of the kubelet that cannot be meant.
    @Suite struct KubeletSettingTests {
        @Test func settingsThatCannotBeAreRefused() throws {
            for (yaml, sentence) in [
                ("server: https://\n", "workloads.kubelet.server: \"https://\" is no URL"),
                ("server: http://node1:10255\n", "without TLS only the kubelet of this machine is asked"),
                ("server: https://127.0.0.1:10250\n", "nobody vouches for the kubelet"),
                (
                    "server: http://127.0.0.1:10255\n    token-file: /t\n",
                    "workloads.kubelet.token-file: is not sent without TLS"
                ),
                ("certificate: /c.pem\n", "workloads.kubelet.key is missing"),
                ("insecure: true\n    ca: /c.pem\n", "has no effect with workloads.kubelet.insecure"),
                ("token-file: /t\n    certificate: /c\n    key: /k\n", "goes with no certificate"),
            ] {
                let folder = try Folder()
                let file = try folder.write("secd.yaml", "workloads:\n  kubelet:\n    \(yaml)")
                let run = try Run.program([Programs.secd, "--config", file, "--show-config"])
                #expect(run.ending == .code(78), "\(yaml)")
                #expect(run.errors.contains(sentence), "\(run.errors)")
            }
        }

        @Test func whatIsNotCheckedIsSaidAtEveryStart() throws {
            // Nobody listens there.
            let daemon = try TestDaemon.started(
                yaml: "workloads:\n  kubelet:\n    server: https://127.0.0.1:1\n    insecure: true\n")
            #expect(
                daemon.log.contains(
                    "workloads.kubelet.insecure: whoever listens at https://127.0.0.1:1 is believed to be the kubelet"
                ), "\(daemon.log)")
            #expect(
                eventually { daemon.log.contains("workloads: kubelet: cannot be reached") }, "\(daemon.log)")
            try daemon.stop()
        }
    }
}
