import Adapters
import FoundationEssentials
import Glibc
import Model
import Resources
import Subprocess
import SystemPackage
import Testing

/// The walls hold: tried from inside.
@Suite(.timeLimit(.minutes(2))) struct SandboxTests {
  @Test func thereIsNoNetworkNoForeignProcessNoPrivilegeAndNothingToWriteButScratch() async throws {
    let work = Make.script(
      """
      echo interfaces: $(tail -n +3 /proc/net/dev | cut -d: -f1)
      echo processes: $(ls /proc | grep -c '^[0-9]*$')
      grep -E 'CapEff|CapBnd|NoNewPrivs' /proc/self/status
      for f in /x /usr/x /etc/x /dev/x /inputs/x /.jointcloud/start /.jointcloud/x; do
        if (: >> $f) 2>/dev/null; then echo "wrote $f"; fi
      done
      for f in /work/x /tmp/x /dev/shm/x /dev/null; do (: >> $f) 2>/dev/null || echo "could not write $f"; done
      ls -d /root /home /run /var /srv /etc/shadow /etc/ssh /sys 2>/dev/null && echo "saw too much"
      unshare --user true 2>/dev/null && echo "made a namespace"
      head -c 3000000 /dev/zero > /dev/shm/big 2>/dev/null && echo "filled memory by files"
      id -u
      """)
    try await runLocally(work) { report in
      #expect(report.state == .succeeded, "\(String(describing: report.outcome?.failure))")
      let lines = report.text("stdout").split(separator: "\n").map(String.init)
      #expect(lines[0] == "interfaces: lo")
      let processes = try #require(Int(lines[1].split(separator: " ").last ?? ""))
      #expect(processes < 8)
      #expect(lines.contains("CapEff:\t0000000000000000") && lines.contains("CapBnd:\t0000000000000000"))
      #expect(lines.contains("NoNewPrivs:\t1"))
      #expect(lines.dropFirst(5) == ["65534"], "\(lines)")
    }
  }

  @Test func theNodesOwnFilesAndOtherAttemptsAreOutOfSight() async throws {
    try await withFolder { folder in
      let secret = try Make.file(folder + "/key", "secret")
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder + "/work"))
      let work = Make.script("cat '\(secret)' '\(folder)'/work/*/control/start; ls '\(folder)'")
      try await withRunning(adapter) { recorder in
        try await adapter.submit(work)
        let report = await recorder.final(of: work.attempt)
        #expect(report.state == .failed)
        #expect(report.text("stdout") == "")
      }
    }
  }

  @Test func whatTheOwnerMakesReadableCanBeReadAndNotWritten() async throws {
    try await withFolder { tools in
      let tool = try Make.file(tools + "/data", "from the owner")
      let work = Make.script("cat '\(tool)'; echo x >> '\(tool)' || echo kept")
      try await runLocally(work, configure: { $0.readable = [tools, "/no/such/path"] }) { report in
        #expect(report.text("stdout") == "from the ownerkept\n")
      }
    }
  }

  @Test func inputsCannotBeChangedNotEvenByTheirMode() async throws {
    try await withFolder { store in
      let file = try Make.file(store + "/object", "original")
      let work = Make.work(
        .script("set +e; chmod 777 $INPUT_A; echo x > $INPUT_A; rm -f $INPUT_A; mv $INPUT_A /tmp/; cat $INPUT_A"),
        inputs: [StagedInput(name: "a", relativePath: "f", file: file)])
      try await runLocally(work) { report in #expect(report.text("stdout") == "original") }
      #expect(content(of: file) == "original")
    }
  }

  @Test(arguments: LocalConfiguration.Confinement.allCases)
  func standardInputCannotBeChangedWhereItLies(sandbox: LocalConfiguration.Confinement) async throws {
    try await withFolder { store in
      let file = try Make.file(store + "/object", "original")
      let work = Make.work(
        .script(
          """
          cat; for f in /proc/self/fd/0 /dev/stdin; do (echo EVIL > $f) 2> /dev/null || echo " kept"; done
          chmod 777 /proc/self/fd/0 2> /dev/null || echo kept
          """),
        standardInput: [file])
      try await runLocally(work, sandbox: sandbox) { report in
        let kept = sandbox == .bubblewrap ? " kept\n kept\nkept\n" : ""
        #expect(report.text("stdout") == "original" + kept)
      }
      #expect(content(of: file) == "original")
    }
  }

  @Test func theTasksEnvironmentDoesNotReachTheProgramsThatBuildTheSandbox() async throws {
    try await withFolder { folder in
      // A preloaded library that is no library makes the loader complain, in every program that is told to.
      let library = try Make.file(folder + "/evil.so", "not a library")
      let work = Make.work(
        .script("true"), environment: ["LD_PRELOAD": library, "PATH": "/usr/bin:/bin", "BASH_ENV": library])
      try await runLocally(work) { report in
        #expect(report.state == .succeeded, "\(String(describing: report.outcome?.failure))")
        // From inside, where the file is not to be seen: by the shells and `nice`, never with "invalid ELF header".
        #expect(!report.text("stderr").contains("invalid ELF header"))
      }
    }
  }

  @Test func aForkBombIsStoppedByTheProcessLimit() async throws {
    let work = Make.script(
      "i=0; while [ $i -lt 100 ]; do sleep 60 & i=$((i+1)); done; wait")
    try await runLocally(work, configure: { $0.processLimit = 40 }) { report in
      let failure = try #require(report.outcome?.failure)
      // The kernel refuses, or the watch ends it where the kernel does not bind root.
      #expect(failure.category == .processes || failure.detail.contains("Cannot fork"), "\(failure)")
    }
  }

  @Test func anOrdinaryUserCanRunIt() async throws {
    guard getuid() == 0 else { return }  // Then every other test shows it.
    try await withFolder { folder in
      let host = folder + "/adapterhost"
      try FileManager.default.copyItem(atPath: AdapterHostProgram.path, toPath: host)
      for path in [folder, host] { #expect(chown(path, 65_534, 65_534) == 0) }
      let result = try await run(
        .name("setpriv"),
        arguments: [
          "--reuid", "65534", "--regid", "65534", "--clear-groups", host, folder + "/work", "bubblewrap", "true",
        ],
        output: .string(limit: 4_096), error: .string(limit: 4_096))
      #expect(result.standardOutput.contains("0 succeeded"), "\(result.standardOutput) \(result.standardError)")
    }
  }
}

/// Without a sandbox the adapter says why and what to do, and takes nothing.
@Suite(.timeLimit(.minutes(1))) struct SandboxProbeTests {
  @Test func itRuns() async throws {
    try await withFolder { folder in
      let found = await SandboxProbe(LocalConfiguration(workFolder: folder)).look()
      guard case .works(let version) = found else {
        Issue.record("\(found)")
        return
      }
      #expect(version.hasPrefix("bubblewrap "))
      #expect(names(in: folder).isEmpty)
    }
  }

  @Test func withoutBubblewrapItNamesThePackageAndTakesNothingUntilItsOwnerDecides() async throws {
    try await withFolder { folder in
      let adapter = LocalAdapter(LocalConfiguration(workFolder: folder, bubblewrap: "no-such-bwrap"))
      let inventory = await adapter.inventory()
      #expect(!inventory.usable && !inventory.sandboxed)
      #expect(inventory.remedy?.contains("apt-get install bubblewrap") == true)
      await #expect {
        try await adapter.submit(Make.script("true"))
      } throws: {
        ($0 as? AdapterError)?.description.contains("apt-get install bubblewrap") == true
      }
      let plain = LocalAdapter(LocalConfiguration(workFolder: folder, sandbox: .none, bubblewrap: "no-such-bwrap"))
      #expect(await plain.inventory().usable)
      #expect(await !plain.inventory().sandboxed)
    }
  }

  /// Inside a sandbox that forbids further namespaces, the real program fails the real way.
  @Test func withoutNamespacesItSaysSo() async throws {
    try await withFolder { folder in
      let wrapper = try Make.file(
        folder + "/bwrap",
        "#!/bin/sh\nexec bwrap --unshare-user --disable-userns --dev-bind / / -- bwrap \"$@\"\n")
      #expect(chmod(wrapper, 0o755) == 0)
      let inventory = await LocalAdapter(
        LocalConfiguration(workFolder: folder + "/work", bubblewrap: wrapper)
      ).inventory()
      #expect(!inventory.usable)
      #expect(inventory.detail.contains("namespaces"), "\(inventory.detail)")
      #expect(inventory.remedy?.contains("sandbox: none") == true)
    }
  }

  @Test func aWorkFolderThatCannotBeWrittenIsNamed() async throws {
    try await withFolder { folder in
      let file = try Make.file(folder + "/file", "x")
      let inventory = await LocalAdapter(LocalConfiguration(workFolder: file + "/work")).inventory()
      #expect(!inventory.usable && inventory.detail.contains(file + "/work"), "\(inventory.detail)")
    }
  }
}
