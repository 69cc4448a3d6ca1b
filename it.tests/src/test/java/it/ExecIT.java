// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import it.fixture.Addresses;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
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
    Path home = ContainerOptions.home();
    String jars = "/*" + File.pathSeparator;
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("@" + home.resolve("bin/java.options"));
    command.addAll(List.of("-Xmx512m", "-XX:TieredStopAtLevel=1", "-Dopenhca.home=" + home, "-cp"));
    command.add(
        home.resolve("bin")
            + jars
            + home.resolve("bundles/05")
            + jars
            + home.resolve("bundles/10")
            + "/*");
    command.addAll(List.of("ib.host.launch.Main", "exec", "--etc", etc.toString(), commands));
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process =
        new ProcessBuilder(command)
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
            .start();
    try {
      assertThat(process.waitFor(BOUND_S, TimeUnit.SECONDS)).as("exec ends").isTrue();
    } finally {
      process.destroyForcibly();
    }
    return new Ended(
        process.exitValue(),
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
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
}
