import { type Data, get, snakeCased } from "./route.js";

const versionDocument = "{ version }";
const systemInfoDocument = "{ systemInfo { baseUrl timeZone } }";
const licenseDocument = `{ license { status
  licenseInfo { caseManagement issueDate maximumApps expirationDate maximumUsers contactInformation companyName
    maximumAssets licenseNumber licenseType maximumActionsPerDay maximumContainers }
  currentUsage { recentPlaybookRunCount recentAppRunCount recentDebugRunCount } } }`;
const healthDocument = `{ health { allRunning lastSnapshotTime dbData { label value } loadData { load time }
  memoryData { label value } swapData { label value } vaultData { label value }
  services { name status snapshots { id name numInstances pid rsKb stime time utime vmKb } } } }`;

export const version = get("/version", ({ run }) => run(versionDocument));

export const systemInfo = get("/system_info", async ({ run }) =>
  snakeCased((await run(systemInfoDocument)).systemInfo),
);

export const license = get("/license", async ({ run }) => {
  const { status, licenseInfo, currentUsage } = (await run(licenseDocument)).license;
  const { issueDate, expirationDate } = licenseInfo;
  const dates = { issueDate: milliseconds(issueDate), expirationDate: milliseconds(expirationDate) };
  return snakeCased({ status, licenseInfo: { ...licenseInfo, ...dates }, currentUsage });
});

const milliseconds = (time: string | null) => time && Date.parse(time);

export const health = get("/health", async ({ run }) => {
  const { services, ...figures } = (await run(healthDocument)).health;
  const byName = (value: (service: Data) => unknown) =>
    Object.fromEntries(services.map((service: Data) => [service.name, value(service)]));
  return snakeCased({
    ...figures,
    services: byName(({ snapshots }) => snapshots),
    status: byName(({ status }) => status.toLowerCase()),
  });
});
