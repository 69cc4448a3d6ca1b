// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import it.fixture.Addresses;
import it.fixture.Eventually;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code ./ib exec} prints and how it ends, from outside: a process of its own. */
class ExecIT {
  private static final long BOUND_S = 90;

  @TempDir private Path folder;
  private Path etc;

  private record Ended(int exitCode, String out, String err) {}

  @BeforeEach
  void configureAPort() throws IOException {
    etc = Files.createDirectories(folder.resolve("etc"));
    for (String file : List.of("logback.xml", "org.ops4j.pax.logging.cfg")) {
      Files.copy(ContainerOptions.home().resolve("etc").resolve(file), etc.resolve(file));
    }
    Files.writeString(
        etc.resolve("ib.port-p0.config"),
        "name = \"p0\"%naddress = \"%s\"%n".formatted(Addresses.of(27, 1)));
    Files.writeString(
        etc.resolve("ib.driver.ipath-ipath0.config"),
        "ib.device = \"ipath0\"%nport.target = \"(ib.port\\=p0)\"%n".formatted());
  }

  private Ended exec(String commands) throws IOException, InterruptedException {
    return ended(start("exec", "--etc", etc.toString(), commands));
  }

  /** Starts the launcher; what it leaves in its folder for temporary files can be seen. */
  private Process start(String... arguments) throws IOException {
    Path home = ContainerOptions.home();
    String jars = "/*" + File.pathSeparator;
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + home.resolve("bin/java.options"));
    command.addAll(List.of("-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dopenhca.home=" + home));
    command.add("-Dgosh.args=--nointeractive");
    command.add("-Djava.io.tmpdir=" + Files.createDirectories(folder.resolve("tmp")));
    command.add("-cp");
    command.add(
        home.resolve("bin")
            + jars
            + home.resolve("bundles/05")
            + jars
            + home.resolve("bundles/10")
            + "/*");
    command.add("ib.host.launch.Main");
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command)
        .redirectOutput(folder.resolve("out").toFile())
        .redirectError(folder.resolve("err").toFile())
        .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
        .start();
  }

  private Ended ended(Process process) throws IOException, InterruptedException {
    try {
      assertThat(process.waitFor(BOUND_S, TimeUnit.SECONDS)).as("it ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ended(process.exitValue(), printed("out"), printed("err"));
  }

  private String printed(String to) throws IOException {
    return Files.readString(folder.resolve(to), StandardCharsets.UTF_8);
  }

  /**
   * What a command prints while it runs must not go through the shell's own streams, which lead
   * back to the command's session.
   */
  @Test
  void shouldPrintWhatCommandsPrintWhileTheyRunAndWhatTheyAnswer() throws Exception {
    Ended ended = exec("echo printed while it runs; ib:devices");
    assertThat(ended.err()).doesNotContain("StackOverflow", "exec:");
    assertThat(ended.out()).contains("printed while it runs").contains("ipath0");
    assertThat(ended.exitCode()).isZero();
  }

  @Test
  void shouldGoOnAfterACommandThatFailsAndEndWithOne() throws Exception {
    Ended ended = exec("devinfo -d nobody; echo went on");
    assertThat(ended.err()).contains("exec: devinfo -d nobody: ").contains("nobody");
    assertThat(ended.out()).contains("went on");
    assertThat(ended.exitCode()).isEqualTo(1);
  }

  @Test
  void shouldLeaveNothingBehindWhenASignalEndsATool() throws Exception {
    Process server = start("tool", "rping", "-s", "--address", Addresses.of(27, 2));
    try {
      Eventually.passes(
          "it listens", () -> assertThat(printed("out")).contains("listening on mthca0"));
    } finally {
      server.destroy();
    }
    Ended ended = ended(server);
    assertThat(ended.err()).contains("the tools' bundle stops").doesNotContain("Exception");
    assertThat(folder.resolve("tmp")).isEmptyDirectory();
  }

  /** Else the second empties the first one's cache. */
  @Test
  void shouldRunTwoHostsOfOneRuntimeDirectory() throws Exception {
    Path empty = Files.createDirectories(folder.resolve("empty"));
    List<Process> hosts = new ArrayList<>();
    try {
      for (int i = 1; i <= 2; i++) {
        hosts.add(start("run", "--etc", empty.toString()));
        int caches = i;
        Eventually.passes(
            "host " + i + " has a cache of its own",
            () -> {
              try (Stream<Path> files = Files.walk(folder.resolve("tmp"), 3)) {
                assertThat(files.filter(file -> file.endsWith("cache/bundle1"))).hasSize(caches);
              }
            });
      }
    } finally {
      hosts.forEach(Process::destroy);
    }
    for (Process host : hosts) {
      assertThat(ended(host).err()).doesNotContain("Exception");
    }
    assertThat(folder.resolve("tmp")).isEmptyDirectory();
  }

  @Test
  void shouldAskForTheFolderOfConfigurationsThatIsMissing() throws Exception {
    Ended ended = ended(start("exec", "--etc"));
    assertThat(ended.err()).startsWith("ib: --etc needs a folder");
    assertThat(ended.exitCode()).isEqualTo(2);
  }
}
