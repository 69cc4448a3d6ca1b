// SPDX-License-Identifier: Apache-2.0
package it.interop;

import it.fixture.load.LoadActivator;
import it.fixture.ops.OpsActivator;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.osgi.framework.BundleActivator;
import org.osgi.framework.Constants;

/** Fixtures as bundles for the shell of a host. */
final class FixtureBundle {
  private static final String LOAD_IMPORTS =
      "ib.dma,ib.block,org.osgi.framework,org.osgi.util.tracker";
  private static final String OPS_IMPORTS = "ib.dma,ib.verbs,org.osgi.framework";

  private FixtureBundle() {}

  /** Writes the load of {@code it.fixture.load} into a folder: reads, writes and compares. */
  static Path load(Path classes, Path folder) throws InteropException {
    return write(classes, folder, LoadActivator.class, LOAD_IMPORTS);
  }

  /** Writes {@code it.fixture.ops} into a folder: every operation of a reliable connection. */
  static Path ops(Path classes, Path folder) throws InteropException {
    return write(classes, folder, OpsActivator.class, OPS_IMPORTS);
  }

  private static Path write(
      Path classes, Path folder, Class<? extends BundleActivator> activator, String imports)
      throws InteropException {
    String name = activator.getPackageName();
    String place = name.replace('.', '/');
    Path jar = folder.resolve(name + ".jar");
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
    main.putValue(Constants.BUNDLE_SYMBOLICNAME, name);
    main.putValue(Constants.BUNDLE_VERSION, "1.0.0");
    main.putValue(Constants.BUNDLE_ACTIVATOR, activator.getName());
    main.putValue(Constants.IMPORT_PACKAGE, imports);
    try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar), manifest);
        Stream<Path> files = Files.list(classes.resolve(place))) {
      for (Path file : files.sorted().toList()) {
        out.putNextEntry(new JarEntry(place + "/" + file.getFileName()));
        try (InputStream in = Files.newInputStream(file)) {
          in.transferTo(out);
        }
        out.closeEntry();
      }
      return jar;
    } catch (IOException e) {
      throw new InteropException("can't write " + jar + ": " + e, e);
    }
  }
}
