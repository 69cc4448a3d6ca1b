// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import aQute.bnd.header.Attrs;
import aQute.bnd.header.Parameters;
import aQute.bnd.osgi.Jar;
import aQute.bnd.osgi.Processor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Version;
import org.osgi.framework.VersionRange;

/** The runtime directory holds what the resolve check resolved, all of it and nothing else. */
class AssemblyIT {
  private static final Path HOME = ContainerOptions.home();

  @Test
  void shouldHoldTheBundlesThatWereResolved() throws Exception {
    Map<String, Version> assembled = assembledBundles();
    Parameters resolved = resolvedBundles();

    assertThat(assembled.keySet()).containsExactlyInAnyOrderElementsOf(resolved.keySet());
    for (Map.Entry<String, Attrs> bundle : resolved.entrySet()) {
      assertThat(new VersionRange(bundle.getValue().getVersion()))
          .as(bundle.getKey())
          .matches(range -> range.includes(assembled.get(bundle.getKey())));
    }
  }

  @Test
  void shouldHoldNoTimeOfTheBuildInOurJars() throws IOException {
    for (Path jarFile : jars()) {
      if (!jarFile.getFileName().toString().startsWith("ib.")) {
        continue;
      }
      try (JarFile jar = new JarFile(jarFile.toFile())) {
        assertThat(jar.stream().map(ZipEntry::getTimeLocal).distinct())
            .as(jarFile.toString())
            .hasSize(1);
        assertThat(jar.getManifest().getMainAttributes().keySet())
            .as(jarFile.toString())
            .doesNotContain(new Attributes.Name("Bnd-LastModified"));
      }
    }
  }

  @Test
  void shouldLaunchWithTheFrameworkAndOurOwnJarOnly() throws IOException {
    try (Stream<Path> files = Files.list(HOME.resolve("bin"))) {
      assertThat(files.map(file -> file.getFileName().toString()).filter(f -> f.endsWith(".jar")))
          .hasSize(2)
          .anyMatch(name -> name.startsWith("org.apache.felix.framework-"))
          .anyMatch(name -> name.startsWith("ib.host-"));
    }
  }

  private static Parameters resolvedBundles() throws Exception {
    Path bndrun = HOME.resolve("../../host.bndrun").normalize();
    try (Processor processor = new Processor()) {
      processor.setProperties(bndrun.toFile());
      return new Parameters(processor.getProperty("-runbundles"));
    }
  }

  private static Map<String, Version> assembledBundles() throws Exception {
    Map<String, Version> bundles = new TreeMap<>();
    for (Path jarFile : jars()) {
      try (Jar jar = new Jar(jarFile.toFile())) {
        Version known = bundles.put(jar.getBsn(), Version.parseVersion(jar.getVersion()));
        assertThat(known).as("a second version of %s: %s", jar.getBsn(), jarFile).isNull();
      }
    }
    return bundles;
  }

  private static List<Path> jars() throws IOException {
    try (Stream<Path> bundles = Files.walk(HOME.resolve("bundles"));
        Stream<Path> deployed = Files.walk(HOME.resolve("deploy"))) {
      return Stream.concat(bundles, deployed)
          .filter(file -> file.toString().endsWith(".jar"))
          .toList();
    }
  }
}
