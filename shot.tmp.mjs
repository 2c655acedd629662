import { chromium } from 'playwright-core';
const [,, file, out, width='390', height='2400', scheme='light', y='0'] = process.argv;
const b = await chromium.launch({ executablePath:'/usr/bin/chromium', args:['--no-sandbox','--disable-gpu'] });
const p = await b.newPage({ viewport:{ width:+width, height:+height }, colorScheme: scheme });
await p.goto('file://'+file); await p.evaluate((y)=>scrollTo(0,y), +y); await p.waitForTimeout(1500);
await p.screenshot({ path: out }); console.log(await p.evaluate(()=>document.documentElement.scrollHeight)); await b.close();
