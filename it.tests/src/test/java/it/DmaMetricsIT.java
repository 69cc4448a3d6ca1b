// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.DmaStatistics;
import ib.dma.IbDma;
import ib.dma.metrics.DmaDeviceMetrics;
import ib.dma.metrics.DmaMetrics;
import it.fixture.Addresses;
import it.fixture.Devices;
import it.fixture.Operator;
import it.fixture.Services;
import it.fixture.Settings;
import it.fixture.SrpPair;
import it.fixture.TestDriver;
import it.fixture.TestUlp;
import java.util.Map;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Rule;
import org.junit.Test;
import org.junit.rules.TestName;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/** A bundle that gathers metrics reads the figures of DMA while an SRP disk is in use. */
@RunWith(PaxExam.class)
public class DmaMetricsIT {
  private static final int READINGS = 2000;
  private static final int ROUNDS = 1000;
  private static final String INITIATOR = "hca0";
  private static final String TARGET = "hca1";

  @Rule public final TestName name = new TestName();

  @Inject private BundleContext context;
  private Devices devices;
  private Settings settings;
  private SrpPair pair;
  private DmaMetrics metrics;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void aDiskIsInUse() throws Exception {
    devices = new Devices(context);
    settings = new Settings(context);
    pair = new SrpPair(context, Addresses.network(25));
    settings.device("ib.driver.ehca", INITIATOR, SrpPair.INITIATOR);
    settings.device("ib.driver.ipath", TARGET, SrpPair.TARGET);
    pair.begin(name.getMethodName().hashCode());
    BundleContext gatherer =
        TestDriver.start(context, "test.metrics", "1.0.0").bundle().getBundleContext();
    metrics = Services.find(gatherer, DmaMetrics.class, "(objectClass=*)");
  }

  @After
  public void nothingIsLostNorLeft() throws Exception {
    pair.endsWell();
    assertThat(devices.untidy()).isEmpty();
  }

  @Test
  public void shouldCountWhatIsMappedOnBothKindsOfOps() {
    DmaStatistics initiator = of(INITIATOR).statistics();
    DmaStatistics target = of(TARGET).statistics();
    assertThat(of(INITIATOR).sharedOps()).isTrue();
    assertThat(of(TARGET).sharedOps()).isFalse();
    assertThat(of(TARGET).driver()).isEqualTo("ib.driver.ipath");
    assertThat(initiator.mode()).isEqualTo("iommu-strict");
    assertThat(target.mode()).isEqualTo("identity");

    pair.goesOn("while it is measured");

    grew(initiator, of(INITIATOR).statistics());
    assertThat(of(INITIATOR).statistics().peak()).isPositive();
    assertThat(of(INITIATOR).statistics().syncs()).isGreaterThan(initiator.syncs());
    grew(target, of(TARGET).statistics());
    assertThat(of(INITIATOR).statistics().faults()).isEmpty();
    assertThat(of(INITIATOR).statistics().failedMaps()).isEmpty();
  }

  private static void grew(DmaStatistics before, DmaStatistics after) {
    assertThat(after.maps()).isGreaterThan(before.maps());
    assertThat(after.unmaps()).isGreaterThan(before.unmaps());
    assertThat(after.live().total()).isPositive();
    assertThat(after.live().bytes()).isPositive();
    // Pieces come and go between the reading of one figure and the next.
    assertThat(after.maps() - after.unmaps()).isBetween(0L, 4 * after.live().total() + 1000);
  }

  @Test
  public void shouldCountAddressesThatAThreadGetsAgain() throws Exception {
    IbDma dma = TestUlp.start(context, "test.ulp.mapping", INITIATOR).device().dma();
    DmaMemory memory =
        Services.find(context, DmaMemoryPool.class, "(objectClass=*)").allocate(ROUNDS);
    DmaStatistics before = of(INITIATOR).statistics();
    for (int i = 0; i < ROUNDS; i++) {
      long address = dma.mapSingle(memory, 0, ROUNDS, DmaDirection.TO_DEVICE);
      assertThat(dma.mappingError(address)).isFalse();
      dma.unmapSingle(address, ROUNDS, DmaDirection.TO_DEVICE);
    }
    memory.close();
    DmaStatistics after = of(INITIATOR).statistics();
    assertThat(after.maps() - before.maps()).isGreaterThanOrEqualTo(ROUNDS);
    assertThat(after.addressHits() - before.addressHits()).isGreaterThanOrEqualTo(ROUNDS / 2);
  }

  @Test
  public void shouldBeginAnewWithANewAttachmentInItsMode() {
    DmaDeviceMetrics before = of(INITIATOR);
    long generation = devices.active(INITIATOR).generation();

    settings.put("ib.core.dma", INITIATOR, Map.of("ib.device", INITIATOR, "mode", "swiotlb"));
    devices.activeAfter(INITIATOR, generation);
    pair.goesOn("in mode swiotlb");

    DmaDeviceMetrics after = of(INITIATOR);
    assertThat(after.attachment()).isGreaterThan(before.attachment());
    assertThat(after.statistics().mode()).isEqualTo("swiotlb");
    assertThat(after.statistics().bouncedBytes()).isPositive();
  }

  @Test
  public void shouldBeReadOverAndOverWithoutDisturbingAnything() {
    DmaStatistics last = of(INITIATOR).statistics();
    for (int i = 0; i < READINGS; i++) {
      DmaStatistics next = of(INITIATOR).statistics();
      assertThat(next.maps()).isGreaterThanOrEqualTo(last.maps());
      last = next;
    }
    pair.goesOn("after it was measured");
  }

  @Test
  public void shouldShowTheSameToTheOperator() {
    String table = new Operator(context).dma();
    assertThat(table).contains("syncs", "bounced bytes", "iova hits", "failed maps");
    assertThat(table.lines().filter(line -> line.startsWith(INITIATOR)))
        .singleElement()
        .asString()
        .contains("iommu-strict");
    assertThat(table.lines().filter(line -> line.startsWith(TARGET)))
        .singleElement()
        .asString()
        .contains("identity");
  }

  private DmaDeviceMetrics of(String device) {
    return metrics.attachments().stream()
        .filter(figures -> figures.device().equals(device))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no figures of " + device));
  }
}
