// SPDX-License-Identifier: Apache-2.0
package it.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** Runs {@code ib} with JDKs and a Maven that are made up: the latter prints what it was given. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "a shell script")
class LauncherScriptTest {
  private static final long TIMEOUT_S = 30;

  /** The folders that the script knows of; a test that wants no JDK found points them elsewhere. */
  private static final String KNOWN_FOLDERS = "(/usr/lib/jvm|/opt|/usr/java)/";

  @TempDir Path folder;

  private Path script;
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void setUp() throws IOException {
    Path original = Path.of(System.getProperty("openhca.root", "..")).resolve("ib");
    script = folder.resolve("ib");
    String text = Files.readString(original).replaceAll(KNOWN_FOLDERS, folder + "/system/");
    writeScript(script, text);
    writeScript(
        folder.resolve("tools/mvn"),
        "#!/bin/sh\necho \"home=$JAVA_HOME opts=$MAVEN_OPTS args=$*\"\n");
    environment.put("HOME", folder.resolve("home").toString());
    environment.put("PATH", folder.resolve("tools") + ":/usr/bin:/bin");
  }

  @Test
  void shouldTakeTheJdkOfJavaHome() throws Exception {
    environment.put("JAVA_HOME", jdk("a", "25.0.1").toString());
    jdk("system/b", "25.0.2");

    Result result = run("mvn", "-v");

    assertThat(result.output)
        .contains("home=" + folder.resolve("a") + " ")
        .contains("--enable-native-access=ALL-UNNAMED")
        .contains("args=-v");
    assertThat(result.exitCode).isZero();
  }

  @Test
  void shouldPassOverJavaHomeOfAnotherVersionForJavaOnThePath() throws Exception {
    environment.put("JAVA_HOME", jdk("a", "17.0.2").toString());
    Path onPath = jdk("b", "25");
    environment.compute("PATH", (name, path) -> onPath.resolve("bin") + ":" + path);

    assertThat(run("mvn").output).contains("home=" + onPath.toRealPath() + " ");
  }

  @Test
  void shouldFindAJdkInAUsualFolder() throws Exception {
    Path inHome = jdk("home/.sdkman/candidates/java/25.0.1-tem", "25.0.1");

    assertThat(run("mvn").output).contains("home=" + inHome + " ");
  }

  @Test
  void shouldNotTakeAVersionThatOnlyBeginsLikeTheRightOne() throws Exception {
    environment.put("JAVA_HOME", jdk("a", "250.0").toString());

    assertThat(run("mvn").exitCode).isEqualTo(2);
  }

  @Test
  void shouldSayWhereItLookedWhenThereIsNoJdk() throws Exception {
    environment.put("JAVA_HOME", "/a/folder/of/nobody");

    Result result = run("run");

    assertThat(result.exitCode).isEqualTo(2);
    assertThat(result.output)
        .contains("no JDK 25 found")
        .contains("JAVA_HOME (/a/folder/of/nobody)")
        .contains("Install a JDK 25");
  }

  @Test
  void shouldRefuseACommandItDoesNotKnow() throws Exception {
    Result result = run("fly");

    assertThat(result.exitCode).isEqualTo(2);
    assertThat(result.output).contains("usage: ./ib COMMAND").contains("unknown command: fly");
  }

  /** A folder that looks like a JDK of that version. */
  private Path jdk(String name, String version) throws IOException {
    Path home = folder.resolve(name);
    writeScript(home.resolve("bin/java"), "#!/bin/sh\n");
    writeScript(home.resolve("bin/javac"), "#!/bin/sh\n");
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
    return home;
  }

  private static void writeScript(Path file, String text) throws IOException {
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Result run(String... args) throws Exception {
    ProcessBuilder builder = new ProcessBuilder();
    builder.command().add(script.toString());
    builder.command().addAll(List.of(args));
    builder.environment().clear();
    builder.environment().putAll(environment);
    Path output = folder.resolve("output");
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    assertThat(process.waitFor(TIMEOUT_S, TimeUnit.SECONDS)).as("ib ended in time").isTrue();
    return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
  }

  private record Result(int exitCode, String output) {}
}
