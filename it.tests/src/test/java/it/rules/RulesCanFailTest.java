// SPDX-License-Identifier: Apache-2.0
package it.rules;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.EvaluationResult;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each rule of the rooms, broken on purpose. */
class RulesCanFailTest {
  @Test
  void shouldNoticeAClassOfAForbiddenRoom() {
    EvaluationResult result =
        ClassRules.nameOnlyWhatTheRoomMayImport(Room.SRP).evaluate(waywardClasses());

    assertThat(result.getFailureReport().getDetails()).anyMatch(d -> d.contains("ib.verbs.spi"));
  }

  @Test
  void shouldAllowAnotherRoomTheSameClass() {
    EvaluationResult result =
        ClassRules.nameOnlyWhatTheRoomMayImport(Room.MTHCA).evaluate(waywardClasses());

    assertThat(result.hasViolation()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "IbDmaOps", // names the ops
        "DmaBus", // reaches for the bus
        "IbDma.<init>", // makes wrappers of its own
        "rawDmaAddress", // reads an address that the ops keep
        "setMappedEntries", // writes what the ops keep
        "MemorySegment.address", // makes an address of a pointer
        "DmaMemoryPool.find" // finds memory by its address
      })
  void shouldNoticeAWayRoundTheOpsOfTheDevice(String way) {
    EvaluationResult result = ClassRules.reachMemoryThroughTheTable().evaluate(waywardClasses());

    assertThat(result.getFailureReport().getDetails()).anyMatch(detail -> detail.contains(way));
  }

  /** A rule about a method that is not there any more would hold for ever. */
  @Test
  void shouldForbidMethodsThatExist() throws Exception {
    for (String method : ClassRules.ROUND_THE_TABLE) {
      int dot = method.lastIndexOf('.');
      Class<?> owner = Class.forName(method.substring(0, dot));
      String name = method.substring(dot + 1);
      assertThat(name.equals("<init>") || has(owner, name)).as(method).isTrue();
    }
    for (String type : ClassRules.BEHIND_THE_TABLE) {
      assertThat(Class.forName(type)).isNotNull();
    }
  }

  private static boolean has(Class<?> owner, String name) {
    return Arrays.stream(owner.getMethods()).anyMatch(method -> method.getName().equals(name));
  }

  @Test
  void shouldNoticeALookUpByClass() {
    assertThat(ClassRules.lookUpNoRawDevice().evaluate(waywardClasses()).hasViolation()).isTrue();
  }

  @Test
  void shouldNoticeALookUpByName() throws Exception {
    assertThat(StringConstants.inClassesBelow(fixtureFolder()))
        .containsAnyElementsOf(ClassRules.NOT_FOR_PROTOCOLS);
  }

  @Test
  void shouldNoticeAReferenceToARawService() {
    String description =
        "<component><reference name=\"ops\" interface=\"ib.dma.IbDmaOps\" bind=\"set\"/>"
            + "<reference name=\"device\" interface=\"ib.verbs.RdmaDevice\"/></component>";

    assertThat(ManifestRules.forbiddenReferences(description))
        .containsExactly("a component refers to the service ib.dma.IbDmaOps");
  }

  @Test
  void shouldNoticeAForbiddenImport() {
    Manifest manifest =
        manifest(
            "Import-Package", "ib.dma;version=\"[1.0,2)\",ib.verbs.spi;version=\"[1.0,1.1)\",a.b");

    assertThat(ManifestRules.forbiddenImports(Room.SRPT, manifest))
        .containsExactly("ib.ulp.srpt imports ib.verbs.spi");
    assertThat(ManifestRules.forbiddenImports(Room.CORE, manifest)).isEmpty();
    assertThat(ManifestRules.forbiddenImports(Room.DMA_API, manifest)).hasSize(1);
  }

  @Test
  void shouldNoticeAnApiThatImportsAnImplementation() {
    Manifest manifest = manifest("Import-Package", "ib.transport;version=\"[1.0,2)\"");

    assertThat(Room.all(Room.Kind.API))
        .allSatisfy(api -> assertThat(ManifestRules.forbiddenImports(api, manifest)).hasSize(1));
  }

  @Test
  void shouldNoticeAnythingThatADriverExports() {
    Manifest manifest = manifest("Export-Package", "ib.driver.mthca.internal;version=\"1.0.0\"");

    assertThat(ManifestRules.forbiddenExports(Room.MTHCA, manifest)).hasSize(1);
  }

  @Test
  void shouldNoticeAnExportThatIsInternalForeignOrWithoutVersion() {
    assertThat(exportProblems("ib.transport.internal;version=\"1.0.0\"")).hasSize(1);
    assertThat(exportProblems("ib.cm;version=\"1.0.0\"")).hasSize(1);
    assertThat(exportProblems("ib.transport")).hasSize(1);
    assertThat(exportProblems("ib.transport;uses:=\"ib.dma,ib.verbs\";version=\"1.0.0\""))
        .isEmpty();
  }

  @Test
  void shouldNoticeACopiedPackageThatIsExportedOrImported() {
    assertThat(exportProblems("ib.config;version=\"1.0.0\"")).hasSize(1);
    Manifest manifest = manifest("Import-Package", "ib.config;version=\"[1.0,2)\"");
    assertThat(ManifestRules.forbiddenImports(Room.CORE, manifest)).hasSize(1);
  }

  @Test
  void shouldNoticeAKitThatImportsMoreThanApis() {
    Manifest manifest = manifest("Import-Package", "ib.core.internal.dma,ib.dma,ib.dma.tck");

    assertThat(ManifestRules.forbiddenImports(Room.DMA_TCK, manifest))
        .containsExactly("ib.dma.tck imports ib.core.internal.dma");
  }

  private static List<String> exportProblems(String exports) {
    return ManifestRules.forbiddenExports(Room.TRANSPORT, manifest("Export-Package", exports));
  }

  private static Manifest manifest(String header, String value) {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(new Attributes.Name(header), value);
    return manifest;
  }

  private static JavaClasses waywardClasses() {
    try {
      return new ClassFileImporter().importPath(fixtureFolder());
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Path fixtureFolder() throws URISyntaxException {
    return Path.of(RulesCanFailTest.class.getResource("fixture").toURI());
  }
}
