// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.DmaDirection;
import ib.dma.DmaMemory;
import ib.dma.DmaMemoryPool;
import ib.dma.IbDma;
import it.fixture.Addresses;
import it.fixture.Devices;
import it.fixture.LogDiary;
import it.fixture.Operator;
import it.fixture.Services;
import it.fixture.Settings;
import it.fixture.TestUlp;
import java.util.HashMap;
import java.util.Map;
import javax.inject.Inject;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/** The windows of DMA addresses that drivers offer: ehca's narrow, mthca's wide, both settings. */
@RunWith(PaxExam.class)
public class DmaMaskIT {
  private static final String EHCA = "ib.driver.ehca";
  private static final String MTHCA = "ib.driver.mthca";
  private static final String[] MODES = {"iommu-lazy", "direct", "swiotlb", "auto", "iommu-strict"};

  @Inject private BundleContext context;
  private Settings settings;
  private Devices devices;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void aPortIsThere() {
    settings = new Settings(context);
    devices = new Devices(context);
    settings.port("p0", Addresses.of(26, 1));
  }

  @Test
  public void shouldKeepToTheWindowsOfTheDriversByDefault() throws Exception {
    configure(EHCA, "narrow0", Map.of());
    configure(MTHCA, "wide0", Map.of());

    assertThat(maskOf("narrow0")).isEqualTo(0x7FFF_FFFFL);
    assertThat(maskOf("wide0")).isEqualTo(-1L);
    inEveryMode("narrow0", 0x7FFF_FFFFL);
    assertThat(addressOn("wide0")).as("beyond user space").isGreaterThan(1L << 48);
  }

  @Test
  public void shouldKeepToTheWindowsThatAreConfigured() throws Exception {
    configure(EHCA, "narrow1", Map.of("dma.mask", "0x1ffffff"));
    configure(EHCA, "wide1", Map.of("dma.mask", "0xffffffffff"));
    configure(MTHCA, "narrow2", Map.of("dma.mask.bits", "32"));

    assertThat(maskOf("narrow1")).isEqualTo(0x1FF_FFFFL);
    assertThat(maskOf("wide1")).isEqualTo(0xFF_FFFF_FFFFL);
    assertThat(maskOf("narrow2")).isEqualTo(0xFFFF_FFFFL);
    assertThat(addressOn("narrow1") & ~0x1FF_FFFFL).isZero();
    assertThat(addressOn("wide1") & ~0xFF_FFFF_FFFFL).isZero();
    inEveryMode("narrow2", 0xFFFF_FFFFL);
  }

  private void inEveryMode(String device, long mask) throws Exception {
    for (String mode : MODES) {
      long before = devices.active(device).generation();
      settings.put("ib.core.dma", device, Map.of("ib.device", device, "mode", mode));
      devices.activeAfter(device, before);
      assertThat(new Operator(context).dma()).containsPattern(device + " +" + mode);
      assertThat(addressOn(device) & ~mask).as("in mode %s", mode).isZero();
    }
  }

  @Test
  public void shouldNameAMaskThatIsNoneAndTheRemedy() {
    try (LogDiary log = new LogDiary()) {
      configure(EHCA, "bad0", Map.of("dma.mask", "0x7ffffffe"));
      log.says("ib.driver.ehca-bad0.config", "dma.mask", "0x7ffffffe", "0xffffff");
      configure(EHCA, "bad1", Map.of("dma.mask", "0xfff"));
      log.says("ib.driver.ehca-bad1.config", "dma.mask", "0xfff", "0xffffff");
      configure(MTHCA, "bad2", Map.of("dma.mask.bits", "12"));
      log.says("ib.driver.mthca-bad2.config", "dma.mask.bits", "12", "32 to 64");
    }
    assertThat(devices.of("bad0")).isEmpty();
    assertThat(devices.of("bad1")).isEmpty();
    assertThat(devices.of("bad2")).isEmpty();
  }

  private void configure(String driver, String device, Map<String, ?> tuning) {
    Map<String, Object> keys = new HashMap<>(tuning);
    keys.put("ib.device", device);
    keys.put("port.target", "(ib.port=p0)");
    settings.put(driver, device, keys);
  }

  private long maskOf(String device) throws Exception {
    return ulp(device).device().dma().device().dmaMask();
  }

  private TestUlp ulp(String device) throws Exception {
    devices.active(device);
    return TestUlp.start(context, "test.ulp." + device + "." + System.nanoTime(), device);
  }

  /** An address that a protocol gets there. */
  private long addressOn(String device) throws Exception {
    IbDma dma = ulp(device).device().dma();
    DmaMemoryPool pool = Services.find(context, DmaMemoryPool.class, "(objectClass=*)");
    DmaMemory memory = pool.allocate(DmaMemoryPool.PAGE_SIZE);
    long address = dma.mapSingle(memory, 0, memory.size(), DmaDirection.TO_DEVICE);
    assertThat(dma.mappingError(address)).isFalse();
    dma.unmapSingle(address, memory.size(), DmaDirection.TO_DEVICE);
    memory.close();
    return address;
  }
}
