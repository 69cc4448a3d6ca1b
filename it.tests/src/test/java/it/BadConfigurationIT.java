// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import ib.transport.RdmaPort;
import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Devices;
import it.fixture.LogDiary;
import it.fixture.Services;
import it.fixture.Settings;
import java.util.Map;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;

/** A wrong configuration is refused with words: the file, the key, the remedy. */
@RunWith(PaxExam.class)
public class BadConfigurationIT {
  private static final String DRIVER = "ib.driver.ipath";
  private static final String PORT_ID = "0002c903000e8ace0002c903000e8ace";

  @Inject private BundleContext context;
  private Settings settings;
  private Devices devices;
  private LogDiary log;

  @Configuration
  public Option[] container() {
    return new Option[] {ContainerOptions.house()};
  }

  @Before
  public void aSoundPortAndDeviceAreThere() {
    settings = new Settings(context);
    devices = new Devices(context);
    log = new LogDiary();
    settings.port("p0", Addresses.of(8, 1));
    settings.device(DRIVER, "ipath0", "p0");
    devices.active("ipath0");
  }

  @After
  public void theSoundOnesGoOn() {
    log.close();
    assertThat(devices.active("ipath0").portName()).isEqualTo("p0");
    for (Bundle bundle : context.getBundles()) {
      boolean fragment = bundle.getHeaders().get("Fragment-Host") != null;
      assertThat(fragment || bundle.getState() == Bundle.ACTIVE).as("%s", bundle).isTrue();
    }
  }

  @Test
  public void shouldNameABadAddress() {
    settings.port("p1", Addresses.network(8) + ".999");

    log.says(
        Settings.file("ib.port", "p1").substring("file:".length()),
        "address",
        Addresses.network(8) + ".999",
        "192.0.2.1");
    assertThat(Services.present(context, RdmaPort.class, "(ib.port=p1)")).isFalse();
  }

  @Test
  public void shouldNameAnAddressThatThisMachineDoesNotHaveAndGoOnTrying() {
    settings.port("p1", "192.0.2.1");
    log.says("ib.port-p1.config", "192.0.2.1", "address");
    assertThat(Services.present(context, RdmaPort.class, "(ib.port=p1)")).isFalse();

    settings.port("p1", Addresses.of(8, 2));
    Services.find(context, RdmaPort.class, "(ib.port=p1)");
  }

  @Test
  public void shouldNameBothFilesThatGiveOneDeviceName() {
    settings.put(DRIVER, "second", Map.of("ib.device", "ipath0", "port.target", "(ib.port=p0)"));

    log.says(
        "ib.driver.ipath-second.config", "ib.driver.ipath-ipath0.config", "ib.device", "own name");
    assertThat(devices.of("ipath0")).hasSize(1);
  }

  @Test
  public void shouldNameAMissingBackingFile() {
    settings.put("ib.ulp.srpt", "t0", target("0=file:/nowhere/lun0.img"));

    log.says("ib.ulp.srpt-t0.config", "luns", "/nowhere/lun0.img");
  }

  @Test
  public void shouldNameABackingThatIsNone() {
    settings.put("ib.ulp.srpt", "t0", target("0=floppy:1440K"));

    log.says("ib.ulp.srpt-t0.config", "luns", "0=floppy:1440K", "ram:");
  }

  @Test
  public void shouldNameAnUnknownKeyOfAPort() {
    settings.put("ib.port", "p1", Map.of("name", "p1", "addres", Addresses.of(8, 3)));

    log.says("ib.port-p1.config", "'addres'", "not known", "address");
  }

  @Test
  public void shouldNameAnUnknownKeyOfADriver() {
    settings.put(
        DRIVER,
        "ipath1",
        Map.of("ib.device", "ipath1", "port.target", "(ib.port=p0)", "speed", "very"));

    log.says("ib.driver.ipath-ipath1.config", "speed", "is not known", "ib.device");
    assertThat(devices.of("ipath1")).isEmpty();
  }

  @Test
  public void shouldNameAnUnknownKeyOfADisk() {
    settings.put("ib.ulp.srp", "disk0", Map.of("name", "disk0", "port", "p0", "qeue.size", "16"));

    log.says("ib.ulp.srp-disk0.config", "qeue.size", "queue.size");
  }

  @Test
  public void shouldNameAnUnknownKeyOfATarget() {
    Map<String, Object> keys = new java.util.HashMap<>(target("0=ram:4M"));
    keys.put("listne", "5555");
    settings.put("ib.ulp.srpt", "t0", keys);

    log.says("ib.ulp.srpt-t0.config", "listne", "listen");
  }

  @Test
  public void shouldComeUpOnceTheConfigurationIsMended() throws Exception {
    settings.put(DRIVER, "ipath1", Map.of("ib.device", "ipath 1", "port.target", "(ib.port=p0)"));
    log.says("ib.driver.ipath-ipath1.config", "ib.device", "ipath 1");

    settings.device(DRIVER, "ipath1", "p0");

    assertThat(devices.active("ipath1").driverBundleId())
        .isEqualTo(Bundles.named(context, DRIVER).getBundleId());
  }

  private static Map<String, Object> target(String lun) {
    return Map.of(
        "name", "t0", "port", "p0", "target.port.id", PORT_ID, "luns", new String[] {lun});
  }
}
