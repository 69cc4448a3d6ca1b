// SPDX-License-Identifier: Apache-2.0
package it.interop;

import it.fixture.load.LoadActivator;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Stream;
import org.osgi.framework.Constants;

/** The load of {@code it.fixture.load} as a bundle for the shell: reads, writes and compares. */
final class LoadBundle {
  private static final String IMPORTS = "ib.dma,ib.block,org.osgi.framework,org.osgi.util.tracker";

  private LoadBundle() {}

  /** Writes the bundle into a folder. */
  static Path write(Path classes, Path folder) throws InteropException {
    String place = LoadActivator.class.getPackageName().replace('.', '/');
    Path jar = folder.resolve("load.jar");
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
    main.putValue(Constants.BUNDLE_SYMBOLICNAME, "it.fixture.load");
    main.putValue(Constants.BUNDLE_VERSION, "1.0.0");
    main.putValue(Constants.BUNDLE_ACTIVATOR, LoadActivator.class.getName());
    main.putValue(Constants.IMPORT_PACKAGE, IMPORTS);
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
