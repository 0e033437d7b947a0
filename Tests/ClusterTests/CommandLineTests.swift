import Foundation
import TestSupport
import Testing

extension Cluster {
    @Suite("The command line as shells and people meet it")
    struct CommandLineTests {
        @Test("0 is done, 1 is failed, 2 is not understood; messages go to standard error")
        func exitStatus() async throws {
            #expect(try await sluice("--help").exit == .exited(0))
            #expect(try await sluice("limits", "--help").standardOutput.contains("sluice limits watch"))
            let unknown = try await sluice("nods")
            #expect(unknown.exit == .exited(2))
            #expect(unknown.standardOutput.isEmpty)
            #expect(unknown.standardError.contains("Did you mean 'sluice nodes'?"), "\(unknown.standardError)")
            let missing = try await sluice("run")
            #expect(missing.exit == .exited(2))
            #expect(missing.standardError.contains("--config"))
            let failed = try await sluice("nodes", "--redis", "redis://127.0.0.1:1")
            #expect(failed.exit == .exited(1))
            #expect(failed.standardError.contains("start it, or name the cluster's Redis by --redis URL"))
        }

        @Test("check tells as JSON what it tells people")
        func check() async throws {
            let files = try TemporaryDirectory("check")
            let good = "upstreams: { app: { targets: [\"http://127.0.0.1:1\"] } }\nroutes: [{ upstream: app }]\n"
            let fine = try await sluice("check", "--json", try files.write("good.yaml", good))
            #expect(fine.exit == .exited(0))
            #expect(try fine.json["ok"] as? Bool == true && fine.json["routes"] as? Int == 1)
            let bad = try await sluice("check", "--json", try files.write("bad.yaml", good + "rotes: []\n"))
            #expect(bad.exit == .exited(1))
            let problem = try #require(try bad.objects("problems").first)
            #expect(problem["line"] as? Int == 3 && problem["column"] as? Int == 1)
            #expect(problem["hint"] as? String == "did you mean \"routes\"?")
        }

        @Test("completion scripts are taken by their shells", arguments: ["bash", "zsh", "fish"])
        func completion(_ shell: String) async throws {
            let script = try await sluice("--generate-completion-script", shell)
            #expect(script.exit == .exited(0))
            #expect(script.standardOutput.contains("verify-limits"))
            guard shell == "bash" else { return }
            let files = try TemporaryDirectory("completion")
            let path = try files.write("sluice.bash", script.standardOutput)
            let asked = try await ChildProcess.run(
                "/bin/bash",
                [
                    "-c",
                    "source \(path); COMP_WORDS=(sluice conf); COMP_CWORD=1; _sluice; printf '%s\\n' \"${COMPREPLY[@]}\"",
                ])
            #expect(asked.standardOutput.contains("config"), "\(asked.standardOutput)\(asked.standardError)")
        }

        @Test("the manual page is one that man can show, without a complaint")
        func manual() async throws {
            let page = try await sluice("man")
            #expect(page.exit == .exited(0))
            let files = try TemporaryDirectory("man")
            let path = try files.write("sluice.1", page.standardOutput)
            let shown = try await ChildProcess.run("groff", ["-man", "-Tutf8", "-ww", "-z", path])
            #expect(shown.exit == .exited(0))
            #expect(shown.standardError.isEmpty, "\(shown.standardError)")
        }
    }
}
